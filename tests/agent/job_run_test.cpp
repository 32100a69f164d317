#include <signal.h>

#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/wait.hpp>

#include <atomic>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;
using Names = std::vector<std::string>;

namespace {

SeenTask only(const OwnAgent& own) {
    const SeenTable table = own.table();
    REQUIRE(table.tasks.size() == 1);
    CHECK(table.totals.unreadable == 0);
    CHECK(table.totals.damaged == 0);
    return table.tasks[0];
}

} // namespace

TEST_CASE("a handle that a thread carries is one task, with the handle's id and age and the thread's tid") {
    const OwnAgent own;
    const std::size_t before = count();
    JobHandle handle{"send receipt"};
    const SeenTask queued = only(own);
    CHECK(count() == before + 1);
    {
        const auto scope = handle.run();
        const SeenTask carried = only(own);
        CHECK(carried.task.id == queued.task.id);
        CHECK(carried.task.started_ns == queued.task.started_ns);
        CHECK(carried.task.tid == static_cast<std::uint32_t>(::gettid()));
        CHECK(carried.task.state == protocol::State::running);
        CHECK(carried.names == Names{"send receipt"});
        CHECK(count() == before);
    }
    const SeenTask again = only(own);
    CHECK(again.task.id == queued.task.id);
    CHECK(again.task.tid == 0);
    CHECK(again.task.state == protocol::State::runnable);
    CHECK(count() == before + 1);
    handle = JobHandle{};
    CHECK(own.table().tasks.empty());
    CHECK(count() == before);
    const SeenTable table = own.table();
    CHECK(table.totals.jobs_started == 1);
    CHECK(table.totals.jobs_ended == 1);
}

TEST_CASE("jobs, waits and handles nest in a run") {
    const OwnAgent own;
    JobHandle outer{"outer"};
    JobHandle inner{"inner"};
    const std::uint64_t id = own.table().named("outer").at(0).task.id;
    const auto scope = outer.run();
    {
        const Job job{"job"};
        const auto nested = inner.run();
        const Wait wait{wait_reason::chan_send, &id, "results"};
        const SeenTask seen = only(own);
        CHECK(seen.task.id == id);
        CHECK(seen.names == Names{"outer", "job", "inner"});
        CHECK(seen.task.wait_reason == protocol::WaitReason::chan_send);
    }
    const SeenTable table = own.table();
    CHECK(table.named("outer").size() == 1);
    CHECK(table.named("inner").size() == 1);
}

TEST_CASE("a run within a job is a nested scope of it") {
    const OwnAgent own;
    const std::size_t before = count();
    JobHandle handle{"handle"};
    const Job job{"job"};
    const std::uint64_t id = own.table().named("job").at(0).task.id;
    {
        const auto scope = handle.run();
        const SeenTask seen = only(own);
        CHECK(seen.task.id == id);
        CHECK(seen.names == Names{"job", "handle"});
        CHECK(count() == before);
    }
    CHECK(own.table().tasks.size() == 2);
    CHECK(count() == before + 1);
}

TEST_CASE("a handle may be moved while a thread carries it") {
    const OwnAgent own;
    JobHandle first{"moved"};
    std::optional<JobHandle> second;
    {
        const auto scope = first.run();
        second.emplace(std::move(first));
        CHECK(only(own).names == Names{"moved"});
        JobHandle third;
        third = std::move(*second);
        *second = std::move(third);
    }
    CHECK(only(own).task.tid == 0);
    const auto scope = second->run();
    CHECK(only(own).task.tid != 0);
}

TEST_CASE("a handle that ends while a thread carries it leaves the scope to the thread") {
    const OwnAgent own;
    const std::size_t before = count();
    std::optional<JobHandle> handle{std::in_place, "ends"};
    const std::uint64_t id = only(own).task.id;
    {
        const auto scope = handle->run();
        handle.reset();
        const SeenTask seen = only(own);
        CHECK(seen.task.id != id);
        CHECK(seen.names == Names{"ends"});
        CHECK(count() == before);
        // Its record is free for another job, which the end of the scope does not touch.
        handle.emplace("next");
        CHECK(own.table().tasks.size() == 2);
        CHECK(count() == before + 1);
    }
    CHECK(only(own).names == Names{"next"});
    CHECK(count() == before + 1);
    CHECK(own.table().totals.jobs_started == 2);
    CHECK(own.table().totals.jobs_ended == 1);
}

TEST_CASE("a handle is carried once: a second run of it, or one without a job, does nothing") {
    const OwnAgent own;
    JobHandle handle{"once"};
    JobHandle none;
    {
        const auto scope = handle.run();
        const auto again = handle.run();
        const auto nothing = none.run();
        CHECK(only(own).names == Names{"once"});
    }
    CHECK(only(own).task.tid == 0);
}

TEST_CASE("a run has the handle's label, and the thread has its own again afterwards") {
    const OwnAgent own;
    JobHandle plain{"plain"};
    std::optional<JobHandle> labelled;
    {
        const Label label{"request", "8431"};
        labelled.emplace("labelled");
    }
    const Label shard{"shard", "3"};
    {
        const auto scope = labelled->run();
        CHECK(own.table().named("labelled").at(0).label == "request=8431");
        const JobHandle child{"child"};
        CHECK(own.table().named("child").at(0).label == "request=8431");
        const auto nested = plain.run(); // has none: that of the task stays
        CHECK(own.table().named("plain").at(0).label == "request=8431");
    }
    {
        const auto scope = plain.run();
        CHECK(own.table().named("plain").at(0).label.empty());
        plain.label("attempt", "2");
        CHECK(own.table().named("plain").at(0).label == "attempt=2");
        const Label inner{"step", "7"};
        CHECK(own.table().named("plain").at(0).label == "step=7");
    }
    CHECK(own.table().named("plain").at(0).label == "attempt=2");
    const Job job{"job"};
    CHECK(own.table().named("job").at(0).label == "shard=3");
}

TEST_CASE("a wait of the handle's ends when a thread takes it, and may be said while it is carried") {
    const OwnAgent own;
    JobHandle handle{"job"};
    handle.waits(wait_reason::job_queue, &handle, "mail queue");
    const auto scope = handle.run();
    CHECK(only(own).task.wait_reason == protocol::WaitReason::none);
    {
        const Wait wait{handle, wait_reason::io_read, nullptr, "answer"};
        CHECK(only(own).task.wait_reason == protocol::WaitReason::io_read);
        CHECK(only(own).wait_name == "answer");
        const Wait own_wait{wait_reason::mutex};
        CHECK(only(own).task.wait_reason == protocol::WaitReason::mutex);
    }
    CHECK(only(own).task.state == protocol::State::running);
}

TEST_CASE("the wait of a handle lasts a scope, and the one before comes back") {
    const OwnAgent own;
    JobHandle handle{"job"};
    handle.waits(wait_reason::job_queue, &handle, "mail queue");
    {
        const Wait wait{handle, wait_reason::io_read, &own, "answer"};
        const SeenTask seen = only(own);
        CHECK(seen.task.wait_reason == protocol::WaitReason::io_read);
        CHECK(seen.task.wait_object == reinterpret_cast<std::uintptr_t>(&own));
        CHECK(seen.wait_name == "answer");
        CHECK(seen.task.tid == 0);
    }
    CHECK(only(own).task.wait_reason == protocol::WaitReason::job_queue);
    CHECK(only(own).wait_name == "mail queue");
}

TEST_CASE("the end of a handle's wait does not touch another job that is in the handle by then") {
    const OwnAgent own;
    JobHandle handle{"first"};
    {
        const Wait wait{handle, wait_reason::io_read};
        handle = JobHandle{"second"};
        handle.waits(wait_reason::job_queue);
    }
    CHECK(only(own).task.wait_reason == protocol::WaitReason::job_queue);
    JobHandle none;
    const Wait wait{none, wait_reason::io_read};
}

TEST_CASE("handles go through a queue to threads that run them: the count is that of the table") {
    const OwnAgent own;
    constexpr std::size_t jobs = 200;
    std::vector<JobHandle> queue;
    for (std::size_t i = 0; i < jobs; ++i) {
        const Label label{"request", i};
        queue.emplace_back("queued");
    }
    const std::size_t with_queue = count();
    std::latch carried{4};
    std::latch go{1};
    std::vector<std::thread> workers;
    for (std::size_t worker = 0; worker < 4; ++worker)
        workers.emplace_back([&, worker] {
            {
                const auto scope = queue[worker].run();
                carried.count_down();
                go.wait();
            }
            for (std::size_t i = worker; i < jobs; i += 4) {
                JobHandle mine = std::move(queue[i]);
                const auto scope = mine.run();
            }
        });
    carried.wait();
    CHECK(own.table().tasks.size() == jobs);
    CHECK(own.table().named("queued").size() == jobs);
    CHECK(count() == with_queue); // four threads more, each of which is one of the jobs
    go.count_down();
    for (std::thread& each : workers)
        each.join();
    CHECK(own.table().tasks.empty());
    CHECK(count() == with_queue - jobs);
    const SeenTable table = own.table();
    CHECK(table.totals.jobs_started == jobs);
    CHECK(table.totals.jobs_ended == jobs);
}

TEST_CASE("a thread that ends with its run unfinished leaves the handle as a job that nobody carries") {
    const OwnAgent own;
    const std::size_t before = count();
    JobHandle handle{"left"};
    struct Left {
        alignas(JobRun) unsigned char memory[sizeof(JobRun)];
    } left;
    std::thread([&] { ::new (left.memory) JobRun(handle.run()); }).join();
    CHECK(only(own).task.tid == 0);
    CHECK(count() == before + 1);
    reinterpret_cast<JobRun*>(left.memory)->~JobRun();
    CHECK(only(own).task.tid == 0);
    handle = JobHandle{};
    CHECK(count() == before);
}

TEST_CASE("runs that outlive their agent do nothing") {
    std::optional<OwnAgent> own{std::in_place};
    JobHandle handle{"outlives"};
    {
        const auto scope = handle.run();
        own.reset();
        const OwnAgent second;
        const auto again = handle.run();
        CHECK(second.table().tasks.empty());
    }
    const OwnAgent third;
    handle = JobHandle{"new"};
    const auto scope = handle.run();
    CHECK(only(third).names == Names{"new"});
}

TEST_CASE("while threads carry handles back and forth, a reader meets each of them once") {
    const OwnAgent own;
    constexpr std::size_t threads = 4;
    std::atomic<bool> stop{false};
    std::latch begun{threads};
    std::vector<std::thread> workers;
    for (std::size_t i = 0; i < threads; ++i)
        workers.emplace_back([&] {
            JobHandle handle{"back and forth"};
            begun.count_down();
            while (!stop.load(std::memory_order_relaxed)) {
                const auto scope = handle.run();
                const Label label{"request", 1};
            }
        });
    begun.wait();
    for (int look = 0; look < 300; ++look) {
        const SeenTable table = own.table();
        std::vector<std::uint64_t> ids;
        for (const SeenTask& each : table.tasks)
            ids.push_back(each.task.id);
        std::sort(ids.begin(), ids.end());
        CHECK(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
        CHECK(table.totals.damaged == 0);
        // Of a thread that never rests the record may change at every look; its handle is told all the same.
        CHECK(ids.size() <= threads);
        CHECK(ids.size() + table.totals.unreadable >= threads);
        CHECK(count() >= threads);
    }
    stop = true;
    for (std::thread& each : workers)
        each.join();
}

TEST_CASE("a process that is killed while it takes and leaves a handle leaves it once") {
    for (int round = 0; round < 20; ++round) {
        const OwnDirectory directory;
        int pipe[2];
        REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            const Agent agent{{.directory = directory.path()}};
            JobHandle handle{"killed"};
            [[maybe_unused]] const ssize_t put = ::write(pipe[1], "x", 1);
            for (;;) {
                const auto scope = handle.run();
            }
        }
        char byte = 0;
        CHECK(::read(pipe[0], &byte, 1) == 1);
        std::this_thread::sleep_for(std::chrono::microseconds(137 * round)); // somewhere in its loop
        ::kill(child, SIGKILL);
        while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
        }
        ::close(pipe[0]);
        ::close(pipe[1]);
        const SeenTable table = read_table(directory.only(protocol::table_suffix));
        CHECK(table.named("killed").size() == 1);
        CHECK(table.tasks.size() == 1);
        CHECK(table.totals.unreadable <= 1);
        CHECK(table.totals.damaged == 0);
    }
}
