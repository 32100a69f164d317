#include "capture/task_collector.hpp"

#include <catch2/catch.hpp>

using namespace tasks;
using namespace tasks::inspect;

namespace {

protocol::Task task_with(std::initializer_list<std::uint32_t> scopes, std::uint32_t left_out = 0) {
    protocol::Task task;
    std::copy(scopes.begin(), scopes.end(), task.scopes.begin());
    task.scope_count = static_cast<std::uint8_t>(scopes.size());
    task.scopes_left_out = left_out;
    return task;
}

} // namespace

TEST_CASE("equal scope lists are one list, others are not") {
    Snapshot snapshot;
    TaskCollector collector{snapshot};
    for (const auto& task : {task_with({5}), task_with({5, 9}), task_with({5}), task_with({9, 5}), task_with({5, 9}),
                             task_with({5}, 2), task_with({}), task_with({9})}) {
        collector.add(task);
    }
    const auto& tasks = snapshot.tasks;
    CHECK(tasks[0].scopes == tasks[2].scopes);
    CHECK(tasks[1].scopes == tasks[4].scopes);
    CHECK(tasks[1].scopes != tasks[3].scopes);
    CHECK(tasks[5].scopes != tasks[0].scopes);
    CHECK(snapshot.scope_lists[tasks[5].scopes].left_out == 2);
    CHECK(tasks[6].scopes == 0);
    CHECK(snapshot.scope_lists.size() == 6);
    CHECK(snapshot.sites.size() == 3);
}

TEST_CASE("texts reach their site whether they come before or after its tasks") {
    Snapshot snapshot;
    TaskCollector collector{snapshot};
    collector.add(protocol::Site{9, "before", "f", "f.cpp", 1});
    collector.add(task_with({9}));
    collector.add(task_with({4}));
    collector.add(protocol::Site{4, "after", "g", "g.cpp", 2});
    const auto name = [&](std::size_t task) {
        return snapshot.sites[snapshot.scope_lists[snapshot.tasks[task].scopes].sites.front()].name;
    };
    CHECK(name(0) == "before");
    CHECK(name(1) == "after");
}

TEST_CASE("a place that was interned twice is one site, in scopes and in waits") {
    Snapshot snapshot;
    TaskCollector collector{snapshot};
    for (const std::uint32_t id : {4u, 9u}) {
        auto task = task_with({id, 7});
        task.wait_site = id;
        collector.add(task);
        collector.add(protocol::Site{id, "same", "f", "f.cpp", 1});
    }
    collector.add(protocol::Site{7, "same", "f", "f.cpp", 2}); // another line
    collector.merge_equal_sites();
    CHECK(snapshot.tasks[0].scopes == snapshot.tasks[1].scopes);
    CHECK(snapshot.tasks[0].wait_site == snapshot.tasks[1].wait_site);
    const auto& sites = snapshot.scope_lists[snapshot.tasks[1].scopes].sites;
    REQUIRE(sites.size() == 2);
    CHECK(snapshot.sites[sites[0]].line == 1);
    CHECK(snapshot.sites[sites[1]].line == 2);
}

TEST_CASE("a site that cannot be is no site") {
    Snapshot snapshot;
    TaskCollector collector{snapshot};
    auto task = task_with({0xffffffff});
    task.wait_site = protocol::max_sites + 1;
    task.scope_count = 200;
    collector.add(task);
    collector.add(protocol::Site{0xfffffffe, "x", "", "", 0});
    CHECK(snapshot.tasks[0].wait_site == 0);
    CHECK(snapshot.sites.size() == 1);
}
