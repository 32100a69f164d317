// Traced coroutines beside those of a unit that knows nothing of them, and in a forked child.
#include <tasks/coroutine.hpp>

#include "agent_fixture.hpp"
#include "plain_unit.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

/// What plain_unit.hpp has, traced.
struct Watched : Plain {
    using promise_type = traced<Plain::promise_type>;
    Watched(Plain made) : Plain(std::move(made)) {}
};

Watched awaits_plain(std::coroutine_handle<> inner, std::coroutine_handle<>& resumed) {
    co_await plain(inner, resumed);
}
Watched stays() { co_await std::suspend_always{}; }

protocol::Task only(const SeenTable& table, const std::string& name) {
    const auto found = table.named(name);
    REQUIRE(found.size() == 1);
    return found[0].task;
}

} // namespace

TEST_CASE("a traced coroutine that awaits one of a unit without the header waits, and the other is no task") {
    const OwnAgent own;
    std::coroutine_handle<> resumed;
    const Watched outer = awaits_plain({}, resumed);
    outer.handle.resume();
    const SeenTable table = own.table();
    CHECK(table.tasks.size() == 1);
    CHECK(only(table, "awaits_plain").state == protocol::State::waiting);
    resumed.resume();
    CHECK(outer.handle.done());
    CHECK(only(own.table(), "awaits_plain").state == protocol::State::done);
}

TEST_CASE("a traced coroutine that a unit without the header starts is a task of its own") {
    const OwnAgent own;
    std::coroutine_handle<> resumed;
    const Watched inner = stays();
    const Watched outer = awaits_plain(inner.handle, resumed);
    outer.handle.resume();
    const SeenTable table = own.table();
    CHECK(table.tasks.size() == 2);
    CHECK(only(table, "stays").state == protocol::State::waiting);
    CHECK(only(table, "stays").awaited_by == 0);
    resumed.resume();
    CHECK(outer.handle.done());
}

TEST_CASE("coroutines made, run and destroyed in a forked child leave the parent's tasks as they were") {
    const OwnAgent own;
    Watched kept = stays();
    kept.handle.resume();
    const int failures = in_child([&] {
        const Watched fresh = stays();
        fresh.handle.resume();
        fresh.handle.resume();
        kept.handle.resume();
        const bool done = fresh.handle.done() && kept.handle.done();
        const Watched gone = std::move(kept);
        return done ? 0 : 1;
    });
    CHECK(failures == 0);
    const SeenTable table = own.table();
    CHECK(table.tasks.size() == 1);
    CHECK(only(table, "stays").state == protocol::State::waiting);
    kept.handle.resume();
    CHECK(kept.handle.done());
}
