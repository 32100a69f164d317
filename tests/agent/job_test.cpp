#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

TEST_CASE("a job is told with its name, its place in the source and its thread") {
    const OwnAgent own;
    const Job job{"charge card"};
    const std::uint32_t line = __LINE__ - 1;
    const auto found = own.table().named("charge card");
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == line);
    CHECK(found[0].file.ends_with("job_test.cpp"));
    CHECK(found[0].task.kind == protocol::Kind::job);
    CHECK(found[0].task.state == protocol::State::running);
    CHECK(found[0].task.tid == static_cast<std::uint32_t>(::gettid()));
    CHECK(found[0].task.started_ns > 0);
}

TEST_CASE("nested jobs are one task, named outermost first") {
    const OwnAgent own;
    const Job outer{"outer"};
    {
        const Job inner{"inner"};
        const auto tasks = own.table().tasks;
        REQUIRE(tasks.size() == 1);
        CHECK(tasks[0].names == std::vector<std::string>{"outer", "inner"});
    }
    const auto tasks = own.table().tasks;
    REQUIRE(tasks.size() == 1);
    CHECK(tasks[0].names == std::vector<std::string>{"outer"});
}

TEST_CASE("scopes deeper than the table holds are counted, and the job comes back when they end") {
    const OwnAgent own;
    const Job outer{"outer"};
    {
        std::vector<std::unique_ptr<Job>> deeper;
        for (int i = 0; i < 11; ++i)
            deeper.push_back(std::make_unique<Job>("deeper"));
        const auto tasks = own.table().tasks;
        REQUIRE(tasks.size() == 1);
        CHECK(tasks[0].task.scope_count == protocol::max_scopes);
        CHECK(tasks[0].task.scopes_left_out == 12 - protocol::max_scopes);
        while (!deeper.empty())
            deeper.pop_back();
    }
    CHECK(own.table().tasks.at(0).names == std::vector<std::string>{"outer"});
}

TEST_CASE("an ended job is gone, its birth and death are counted") {
    const OwnAgent own;
    {
        const Job job{"short"};
    }
    const SeenTable table = own.table();
    CHECK(table.tasks.empty());
    CHECK(table.totals.jobs_started == 1);
    CHECK(table.totals.jobs_ended == 1);
}

TEST_CASE("two jobs of one thread, one after the other, are two tasks") {
    const OwnAgent own;
    std::uint64_t first = 0;
    {
        const Job job{"one"};
        first = own.table().tasks.at(0).task.id;
    }
    const Job job{"two"};
    CHECK(own.table().tasks.at(0).task.id != first);
}

TEST_CASE("a handle is a job without a thread, and may wait") {
    const OwnAgent own;
    JobHandle handle{"send receipt"};
    int object = 0;
    handle.waits(wait_reason::job_queue, &object, "mail queue");
    const auto waiting = own.table().named("send receipt");
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].task.tid == 0);
    CHECK(waiting[0].task.state == protocol::State::waiting);
    CHECK(waiting[0].task.wait_reason == protocol::WaitReason::job_queue);
    CHECK(waiting[0].task.wait_object == reinterpret_cast<std::uintptr_t>(&object));
    CHECK(waiting[0].wait_name == "mail queue");
    handle.waits(wait_reason::none);
    CHECK(own.table().named("send receipt").at(0).task.state == protocol::State::runnable);
    handle = JobHandle{};
    CHECK(own.table().tasks.empty());
}

TEST_CASE("a handle that is moved stays one job, and ends on another thread") {
    const OwnAgent own;
    JobHandle handle{"moved"};
    JobHandle other{std::move(handle)};
    CHECK_FALSE(handle);
    CHECK(other);
    CHECK(own.table().tasks.size() == 1);
    std::thread([last = std::move(other)] {}).join();
    const SeenTable table = own.table();
    CHECK(table.tasks.empty());
    CHECK(table.totals.jobs_ended == 1);
}

TEST_CASE("records of ended handles are used again, whichever thread ended them") {
    const OwnAgent own{{.table_cap_bytes = 512 * 1024, .table_initial_bytes = 512 * 1024}};
    for (int round = 0; round < 50; ++round) {
        std::vector<JobHandle> handles;
        for (int i = 0; i < 1000; ++i)
            handles.emplace_back("round");
        std::thread([taken = std::move(handles)] {}).join();
    }
    const SeenTable table = own.table();
    CHECK(table.facts.dropped_jobs == 0);
    CHECK(table.totals.jobs_started == 50'000);
    CHECK(table.totals.jobs_ended == 50'000);
    CHECK(table.tasks.empty());
}

TEST_CASE("jobs over the cap are dropped and counted") {
    const OwnAgent own{{.table_cap_bytes = 256 * 1024, .table_initial_bytes = 256 * 1024}};
    std::vector<JobHandle> handles;
    for (int i = 0; i < 3000; ++i)
        handles.emplace_back("many");
    const SeenTable table = own.table();
    CHECK(table.facts.dropped_jobs > 0);
    CHECK(table.tasks.size() + table.facts.dropped_jobs == 3000);
    CHECK(table.tasks.size() > 1000);
    handles.clear();
    CHECK(JobHandle{"again"});
}

TEST_CASE("the table grows ahead of need while jobs come at a human pace") {
    const OwnAgent own;
    std::vector<JobHandle> handles;
    const std::uint64_t before = own.table().facts.table_bytes;
    for (int burst = 0; burst < 20; ++burst) {
        const std::uint64_t room = own.table().facts.table_bytes;
        for (int i = 0; i < 1000; ++i)
            handles.emplace_back("slow");
        // Over half of the newest segment, which is half of the table, is used: another one is due.
        if (handles.size() * protocol::record_bytes * 5 > room * 4)
            REQUIRE(eventually([&] { return own.table().facts.table_bytes > room; }));
    }
    const SeenTable table = own.table();
    CHECK(table.facts.table_bytes > before);
    CHECK(table.facts.dropped_jobs == 0);
    CHECK(table.tasks.size() == 20'000);
}

TEST_CASE("without an agent jobs and waits do nothing") {
    const Job job{"nobody looks"};
    const Wait wait{wait_reason::sleep};
    JobHandle handle{"nobody looks"};
    handle.waits(wait_reason::sleep);
    CHECK_FALSE(handle);
}

TEST_CASE("jobs and waits that outlive their agent do nothing") {
    std::optional<OwnAgent> own{std::in_place};
    std::optional<Job> job{std::in_place, "outlives"};
    std::optional<Wait> wait{std::in_place, wait_reason::sleep};
    JobHandle handle{"outlives"};
    own.reset();
    handle.waits(wait_reason::sleep);
    const OwnAgent second;
    wait.reset();
    job.reset();
    handle = JobHandle{"of the second"};
    const SeenTable table = second.table();
    REQUIRE(table.tasks.size() == 1);
    CHECK(table.tasks[0].names == std::vector<std::string>{"of the second"});
}

TEST_CASE("many threads begin and end jobs while the table is read: no task is invented, none is left") {
    const OwnAgent own;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&stop] {
            JobHandle carried;
            while (!stop) {
                const Job job{"busy"};
                const Wait wait{wait_reason::chan_send, &stop, "results"};
                carried = JobHandle{"carried"};
                carried.waits(wait_reason::chan_receive, &stop, "results");
            }
        });
    std::size_t seen = 0;
    for (int i = 0; i < 200; ++i) {
        const SeenTable table = own.table();
        CHECK(table.totals.damaged == 0);
        for (const SeenTask& each : table.tasks) {
            ++seen;
            const bool thread = each.names.empty() && each.task.kind == protocol::Kind::thread;
            CHECK((thread || each.names.back() == "busy" || each.names.back() == "carried"));
        }
    }
    stop = true;
    for (std::thread& each : threads)
        each.join();
    CHECK(seen > 0);
    CHECK(own.table().tasks.empty());
    CHECK(own.table().totals.jobs_started == own.table().totals.jobs_ended);
}
