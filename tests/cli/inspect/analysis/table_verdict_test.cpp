#include "analysis/table_verdict.hpp"

#include <catch2/catch.hpp>

using namespace tasks::inspect;
using tasks::protocol::Kind;
using tasks::protocol::SiteCounts;
using tasks::protocol::State;
using tasks::protocol::TableFacts;
using tasks::protocol::TableTotals;
using tasks::protocol::Task;
using tasks::protocol::WaitReason;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t now = 5000 * second;

/// A table with jobs that began at one place.
struct Table {
    /// One that began, and one that has been in its state, so long ago.
    Task& job(State state, WaitReason reason, std::uint64_t born_s, std::uint64_t since_s) {
        Task task;
        task.id = ++totals.jobs_started;
        task.kind = Kind::job;
        task.state = state;
        task.wait_reason = reason;
        task.scopes[0] = 7;
        task.scope_count = 1;
        task.wait_site = 8;
        task.started_ns = now - born_s * second;
        task.since_ns = now - since_s * second;
        return tasks.emplace_back(task);
    }

    std::optional<Verdict> surest() {
        TableFacts facts;
        facts.started_at_ns = now - 60 * second;
        TableVerdict verdict{now};
        verdict.take(object);
        for (const auto& task : tasks) {
            verdict.take(task);
        }
        SiteCounts counts;
        counts.site = 7;
        counts.births = totals.jobs_started;
        counts.deaths = totals.jobs_ended;
        verdict.take(counts);
        return verdict.surest(facts, totals);
    }

    tasks::protocol::WaitObject object;
    std::vector<Task> tasks;
    TableTotals totals;
};

} // namespace

TEST_CASE("a table with a nil wait has tasks that are never resumable") {
    Table table;
    table.job(State::waiting, WaitReason::nil, 1, 1);
    CHECK(table.surest() == Verdict::never_resumable);
}

TEST_CASE("a table with finished tasks that stay is told when they are several and have been there for long") {
    Table table;
    for (int at = 0; at < 3; ++at) {
        CHECK_FALSE(table.surest());
        table.job(State::done, WaitReason::none, 30, 20);
    }
    CHECK(table.surest() == Verdict::never_resumable);
}

TEST_CASE("a table with a wait on what has no handle any more has tasks that are never resumable") {
    Table table;
    table.object = {0x7000, 0, 0};
    table.job(State::waiting, WaitReason::chan_receive, 9, 8).wait_object = 0x7000;
    CHECK_FALSE(table.surest());
    table.object.handles_ended_ns = now - 5 * second;
    CHECK(table.surest() == Verdict::never_resumable);
    table.object.handles_ended_ns = now; // whoever ended the last one may be about to wake it
    CHECK_FALSE(table.surest());
}

TEST_CASE("a table whose tasks come all along and stay tells that they grow, or spin") {
    Table leak;
    Table loop;
    Table timers;
    for (std::uint64_t at = 1; at < 60; ++at) {
        leak.job(State::waiting, WaitReason::chan_send, at, at);
        loop.job(State::waiting, WaitReason::timer, at, 0);
        timers.job(State::waiting, WaitReason::timer, at, at);
    }
    CHECK(leak.surest() == Verdict::growing);
    CHECK(loop.surest() == Verdict::spinning);
    CHECK_FALSE(timers.surest());
    for (auto& task : loop.tasks) {
        task.tid = 42; // what its thread does meanwhile is not known
    }
    CHECK_FALSE(loop.surest());
    leak.job(State::waiting, WaitReason::nil, 1, 1);
    CHECK(leak.surest() == Verdict::never_resumable); // the surest
}

TEST_CASE("a table of a pool that was filled and idles has no verdict") {
    Table table;
    for (int at = 0; at < 50; ++at) {
        table.job(State::waiting, WaitReason::job_queue, 59, 1);
        table.job(State::running, WaitReason::none, 59, 1).tid = static_cast<std::uint32_t>(at + 1);
    }
    CHECK_FALSE(table.surest());
}

TEST_CASE("frames of another task's stack are none of their own") {
    Table table;
    for (std::uint64_t at = 1; at < 60; ++at) {
        table.job(State::waiting, WaitReason::chan_send, at, at).awaited_by = 1;
    }
    CHECK_FALSE(table.surest());
}
