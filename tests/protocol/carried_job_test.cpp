// Jobs that a thread carries are in two records. Every state that a writer may have been killed in, and those that a
// reader meets between two looks: the job is told once.
#include <tasks/protocol/table_reader.hpp>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

/// A thread that carries a job, and nothing else. The thread's record comes first.
struct Carried {
    TestTable table;
    std::uint32_t site = table.add_site("send receipt", "enqueue", "receipts.cpp", 77);
    TaskRecord& thread = table.add_thread(12341);
    TaskRecord& job = table.add_carried(thread, 0, site);
    std::uint64_t id = std::uint64_t{job.head.generation} << 32 | table.number_of(job);

    Walked walked() const {
        const BytesSource source{table.bytes()};
        auto reader = opened(source);
        return walk(reader);
    }
    Task only() const {
        const auto all = walked();
        REQUIRE(all.tasks.size() == 1);
        CHECK(all.totals.damaged == 0);
        return all.tasks[0];
    }
};

} // namespace

TEST_CASE("a job that a thread carries is one task, with the job's id and the thread's facts") {
    Carried carried;
    carried.thread.head.started_ns = 100;
    const auto task = carried.only();
    CHECK(task.id == carried.id);
    CHECK(task.tid == 12341);
    CHECK(task.kind == Kind::job);
    CHECK(task.state == State::running);
    CHECK(task.scope_count == 1);
    CHECK(task.scopes[0] == carried.site);
    CHECK(task.started_ns == 100);
}

TEST_CASE("a job whose writer was killed before the thread took it is told alone") {
    Carried carried;
    carried.thread.head.depth = 0;
    carried.thread.carries = 0;
    carried.job.head.state = static_cast<std::uint8_t>(State::runnable);
    const auto task = carried.only();
    CHECK(task.id == carried.id);
    CHECK(task.tid == 0);
    CHECK(task.state == State::runnable);
}

TEST_CASE("a job whose writer was killed in the middle of the thread's record is told alone") {
    Carried carried;
    carried.thread.head.sequence += 1;
    const auto all = carried.walked();
    REQUIRE(all.tasks.size() == 1);
    CHECK(all.tasks[0].id == carried.id);
    CHECK(all.totals.unreadable == 1);
}

TEST_CASE("a job whose writer was killed in the middle of the job's record is told by its thread") {
    Carried carried;
    carried.job.head.sequence += 1;
    const auto all = carried.walked();
    REQUIRE(all.tasks.size() == 1);
    CHECK(all.tasks[0].tid == 12341);
    CHECK(all.tasks[0].scopes[0] == carried.site);
    CHECK(all.totals.unreadable == 1);
}

TEST_CASE("a thread whose job has ended while its scope goes on is a task of its own") {
    Carried carried;
    carried.job.head.type = static_cast<std::uint8_t>(RecordType::free);
    const auto task = carried.only();
    CHECK(task.id == (9ull << 32 | carried.table.number_of(carried.thread)));
    CHECK(task.scopes[0] == carried.site);
}

TEST_CASE("a record that was used anew is not the job that the thread carries") {
    Carried carried;
    carried.job.head.generation += 1;
    carried.job.head.tid = 0;
    const auto all = carried.walked();
    REQUIRE(all.tasks.size() == 2);
    CHECK(all.tasks[0].tid == 12341);
    CHECK(all.tasks[1].tid == 0);
}

TEST_CASE("nested jobs that a thread carries are part of its task") {
    Carried carried;
    const auto inner = carried.table.add_site("inner", "f", "f.cpp", 1);
    auto& nested = carried.table.add_carried(carried.thread, 1, inner);
    auto task = carried.only();
    CHECK(task.scope_count == 2);
    CHECK(task.scopes[1] == inner);
    carried.thread.head.depth = 1; // killed after the thread let go of the inner one
    const auto all = carried.walked();
    REQUIRE(all.tasks.size() == 2);
    CHECK((all.tasks[1].id & 0xffffffff) == carried.table.number_of(nested));
    CHECK(all.tasks[1].tid == 0);
}

TEST_CASE("a nested job deeper than the table has names for is part of its thread's task") {
    Carried carried;
    auto& deep = carried.table.add_carried(carried.thread, 1, carried.site);
    carried.thread.head.depth = 12;
    deep.carries = 11ull << 32 | carried.table.number_of(carried.thread);
    CHECK(carried.only().scopes_left_out == 4);
}

TEST_CASE("of a carried job's wait and label the thread's own come first") {
    Carried carried;
    carried.job.label = label(carried.site, "of the job");
    carried.job.head.wait_reason = static_cast<std::uint8_t>(WaitReason::cond);
    carried.job.head.wait_object = 7;
    auto all = carried.walked();
    CHECK(all.tasks.at(0).wait_reason == WaitReason::cond);
    CHECK(all.tasks.at(0).wait_object == 7);
    CHECK(all.tasks.at(0).label_text == "of the job");
    carried.thread.label = label(carried.site, "of the thread");
    carried.thread.head.wait_reason = static_cast<std::uint8_t>(WaitReason::mutex);
    all = carried.walked();
    CHECK(all.tasks.at(0).wait_reason == WaitReason::mutex);
    CHECK(all.tasks.at(0).wait_object == 0);
    CHECK(all.tasks.at(0).label_text == "of the thread");
}

TEST_CASE("references that lead nowhere leave the task to its own record") {
    for (const std::uint64_t nowhere : {0ull, 1ull, 31ull, 160ull, 100'000ull, 0xffffffffull, ~0ull}) {
        CAPTURE(nowhere);
        Carried carried;
        carried.thread.carries = nowhere;
        carried.job.carries = nowhere;
        CHECK(carried.walked().tasks.size() == 2);
    }
}

TEST_CASE("a thread that lets go of its job between two looks is not told beside it") {
    Carried carried;
    ChangingSource source;
    int looks_at_job = 0;
    const auto job_offset = carried.table.number_of(carried.job) * record_bytes;
    // After the first look at the job: the thread lets go, then the job says so.
    source.before = [&](std::uint64_t offset, std::size_t, std::string& bytes) {
        if (offset == job_offset && ++looks_at_job == 1) {
            carried.thread.head.sequence += 2;
            carried.thread.head.depth = 0;
            carried.thread.carries = 0;
            carried.job.head.tid = 0;
        }
        bytes = carried.table.bytes();
        return 0;
    };
    auto reader = opened(source);
    const auto all = walk(reader);
    // The chunk's second copy still had the old state.
    CHECK(all.totals.unreadable == 0);
    REQUIRE(all.tasks.size() == 1);
    CHECK(all.tasks[0].id == carried.id);
}

TEST_CASE("a thread that takes another job at every look is counted as unreadable, its jobs are told") {
    Carried carried;
    ChangingSource source;
    const auto job_offset = carried.table.number_of(carried.job) * record_bytes;
    source.before = [&](std::uint64_t offset, std::size_t, std::string& bytes) {
        if (offset == job_offset) {
            carried.job.head.tid = 0;
            carried.thread.carries ^= 1ull << 40; // jobs that have ended before one can look
            carried.thread.head.sequence += 2;
        }
        bytes = carried.table.bytes();
        return 0;
    };
    auto reader = opened(source);
    const auto all = walk(reader);
    CHECK(all.totals.unreadable == 1);
    CHECK(all.tasks.size() == 1);
}

TEST_CASE("a walk that goes on in parts tells a carried job once") {
    Carried carried;
    carried.table.add_job(carried.site);
    const BytesSource source{carried.table.bytes()};
    auto reader = opened(source);
    std::uint64_t next = 0;
    std::vector<std::uint64_t> ids;
    for (int part = 0; part < 10; ++part)
        reader.each_task_from(next, [&](const Task& task) {
            ids.push_back(task.id);
            next = (task.id & 0xffffffff) + 1;
            return false;
        });
    CHECK(ids.size() == 2);
    CHECK(ids[0] == carried.id);
}
