#include <tasks/task_handle.hpp>

#include <thread>
#include <utility>

#include <tasks/label.hpp>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

constexpr auto coroutine = task_kind::coroutine;

const void* at(std::uintptr_t address) {
    return reinterpret_cast<const void*>(address); // NOLINT(performance-no-int-to-ptr): never read
}

TaskHandle begun(const char* name = "session", task_kind kind = coroutine) {
    return TaskHandle{kind, name, SourcePlace::here(), at(0x1000), at(0x2000)};
}

protocol::Task only_task(const SeenTable& table, const std::string& name) {
    const auto found = table.named(name);
    REQUIRE(found.size() == 1);
    return found[0].task;
}

} // namespace

TEST_CASE("a coroutine begins as one that has not started, with all that is known of its creation") {
    const OwnAgent own;
    const TaskHandle handle = begun();
    const auto table = own.table();
    const auto seen = table.named("session");
    REQUIRE(seen.size() == 1);
    const protocol::Task& task = seen[0].task;
    CHECK(task.kind == protocol::Kind::coroutine);
    CHECK(task.state == protocol::State::runnable);
    CHECK(task.wait_reason == protocol::WaitReason::not_started);
    CHECK(task.id == handle.id());
    CHECK(task.frame == 0x1000);
    CHECK(task.creator_pc == 0x2000);
    CHECK(task.created_in_pc != 0);
    CHECK(task.awaited_by == 0);
    CHECK(task.started_by == 0);
    CHECK(task.started_ns != 0);
    CHECK(task.since_ns == task.started_ns);
    CHECK(seen[0].file.ends_with("task_handle_test.cpp"));
    CHECK(table.totals.damaged == 0);
}

TEST_CASE("a coroutine waits, runs and is done, on whatever thread") {
    const OwnAgent own;
    TaskHandle handle = begun();
    handle.resumes();
    protocol::Task task = only_task(own.table(), "session");
    CHECK(task.state == protocol::State::running);
    CHECK(task.tid == static_cast<std::uint32_t>(::gettid()));
    CHECK(TaskHandle::current_id() == handle.id());
    handle.suspends(wait_reason::timer, at(0x3000), "deadline", SourcePlace::here());
    CHECK(TaskHandle::current_id() == 0);
    const auto waiting = own.table().named("session");
    REQUIRE(waiting.size() == 1);
    task = waiting[0].task;
    CHECK(task.state == protocol::State::waiting);
    CHECK(task.wait_reason == protocol::WaitReason::timer);
    CHECK(task.wait_object == 0x3000);
    CHECK(waiting[0].wait_name == "deadline");
    CHECK(task.since_ns >= task.started_ns);
    CHECK(task.tid == 0);
    std::uint32_t other = 0;
    std::thread([&] {
        other = static_cast<std::uint32_t>(::gettid());
        handle.resumes();
    }).join();
    CHECK(only_task(own.table(), "session").tid == other);
    handle.done();
    task = only_task(own.table(), "session");
    CHECK(task.state == protocol::State::done);
    CHECK(task.wait_reason == protocol::WaitReason::none);
    CHECK(task.tid == 0);
    handle = {};
    CHECK(own.table().named("session").empty());
}

TEST_CASE("coroutines and fibers count beside jobs and threads; one that another awaits does not") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    TaskHandle outer = begun("outer");
    const TaskHandle fiber = begun("fiber", task_kind::fiber);
    const JobHandle job{"job"};
    CHECK(count() == base + 3);
    {
        TaskHandle inner = begun("inner");
        CHECK(count() == base + 4);
        inner.awaited_by(outer);
        inner.awaited_by(outer);
        CHECK(count() == base + 3);
        CHECK(only_task(own.table(), "inner").awaited_by == outer.id());
        inner.awaited_by(TaskHandle{});
        CHECK(count() == base + 4);
        CHECK(only_task(own.table(), "inner").awaited_by == 0);
        inner.awaited_by(outer);
    }
    CHECK(count() == base + 3);
    const auto totals = own.table().totals;
    CHECK(totals.jobs_started - totals.jobs_ended == 3);
    std::thread([moved = std::move(outer)] {}).join();
    CHECK(count() == base + 2);
}

TEST_CASE("what a coroutine starts while it runs tells who started it, and inherits its label") {
    const OwnAgent own;
    TaskHandle outer = begun("outer");
    outer.label("request", "8431");
    outer.resumes();
    TaskHandle child = begun("child");
    CHECK(only_task(own.table(), "child").started_by == outer.id());
    CHECK(own.table().named("child")[0].label == "request=8431");
    child.resumes(); // within the other one, as a nested call of resume()
    CHECK(TaskHandle::current_id() == child.id());
    child.suspends(wait_reason::await, nullptr, nullptr, SourcePlace::here());
    CHECK(TaskHandle::current_id() == outer.id());
    child.resumes();
    child = {};
    CHECK(TaskHandle::current_id() == outer.id());
    outer.suspends(wait_reason::none, nullptr, nullptr, SourcePlace::here());
    CHECK(only_task(own.table(), "outer").state == protocol::State::runnable);
    const Label label{"tenant", "acme"};
    const TaskHandle alone = begun("alone");
    CHECK(own.table().named("alone")[0].label == "tenant=acme");
    CHECK(only_task(own.table(), "alone").started_by == 0);
}

TEST_CASE("one that ends elsewhere while it runs is not taken for what its record holds next") {
    const OwnAgent own;
    TaskHandle handle = begun("gone");
    handle.resumes();
    std::thread([&] { handle = {}; }).join();
    const TaskHandle next = begun("next");
    CHECK(only_task(own.table(), "next").started_by == 0);
    CHECK(TaskHandle::current_id() == 0);
}

TEST_CASE("a handle without an agent is empty; one that outlives it, or meets the next, does nothing") {
    TaskHandle before = begun();
    CHECK(!before);
    TaskHandle old;
    {
        const OwnAgent own;
        old = begun("old");
        CHECK(old);
        before.resumes();
        CHECK(own.table().named("session").empty());
    }
    CHECK(old.id() == 0);
    old.suspends(wait_reason::timer, nullptr, nullptr, SourcePlace::here());
    const OwnAgent again;
    TaskHandle fresh = begun("fresh");
    const std::size_t with = count();
    old.resumes();
    fresh.awaited_by(old);
    CHECK(count() == with);
    old = {};
    CHECK(count() == with);
    CHECK(again.table().tasks.size() == 1);
}

TEST_CASE("in a forked child a handle does nothing") {
    const OwnAgent own;
    TaskHandle handle = begun();
    CHECK(in_child([&] {
              handle.resumes();
              handle = {};
              return TaskHandle::current_id() == 0 ? 0 : 1;
          }) == 0);
    CHECK(only_task(own.table(), "session").state == protocol::State::runnable);
}
