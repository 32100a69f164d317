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

TEST_CASE("tasks over the most that are taken in are counted and told") {
    Snapshot snapshot;
    TaskCollector collector{snapshot, 2};
    for (int count = 0; count < 5; ++count) {
        collector.add(task_with({5}));
    }
    collector.finish();
    CHECK(snapshot.tasks.size() == 2);
    REQUIRE(snapshot.incomplete.size() == 1);
    CHECK(snapshot.incomplete[0].reason == "3 tasks are left out: no more than 2 are taken in");
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
    collector.finish();
    CHECK(snapshot.tasks[0].scopes == snapshot.tasks[1].scopes);
    CHECK(snapshot.tasks[0].wait_site == snapshot.tasks[1].wait_site);
    const auto& sites = snapshot.scope_lists[snapshot.tasks[1].scopes].sites;
    REQUIRE(sites.size() == 2);
    CHECK(snapshot.sites[sites[0]].line == 1);
    CHECK(snapshot.sites[sites[1]].line == 2);
}

TEST_CASE("each label is there once, whatever place set it") {
    Snapshot snapshot;
    TaskCollector collector{snapshot};
    const auto add = [&](std::uint32_t key, std::string_view text, bool cut = false) {
        auto task = task_with({1});
        task.label_key = key;
        task.label_text = text;
        task.label_cut = cut;
        collector.add(task);
    };
    for (const std::uint32_t key : {7u, 8u, 9u}) { // 7 and 8 are two places with one key
        add(key, "8431");
        add(key, "8432");
        add(key, "8431");
    }
    add(7, "8431", true);
    collector.add(task_with({1}));
    collector.add(protocol::Site{7, "request", "f", "f.cpp", 1});
    collector.add(protocol::Site{8, "request", "g", "f.cpp", 9});
    collector.add(protocol::Site{9, "batch", "h", "f.cpp", 12});
    collector.finish();
    const auto label = [&](std::size_t task) { return snapshot.labels[snapshot.tasks[task].label]; };
    CHECK(snapshot.labels.size() == 1 + 5);
    for (const std::size_t task : {0u, 2u, 3u, 5u}) {
        CHECK(label(task) == LabelFacts{"request", "8431", false});
        CHECK(snapshot.tasks[task].label == snapshot.tasks[0].label);
    }
    CHECK(label(1) == LabelFacts{"request", "8432", false});
    CHECK(snapshot.tasks[4].label == snapshot.tasks[1].label);
    CHECK(label(6) == LabelFacts{"batch", "8431", false});
    CHECK(label(9) == LabelFacts{"request", "8431", true});
    CHECK(snapshot.tasks[10].label == 0);
}

TEST_CASE("many labels are found again, and none is mixed up") {
    constexpr std::uint32_t many = 20'000;
    Snapshot snapshot;
    TaskCollector collector{snapshot};
    for (std::uint32_t round = 0; round < 2; ++round) {
        for (std::uint32_t at = 0; at < many; ++at) {
            auto task = task_with({1});
            task.label_key = 3;
            const auto text = std::to_string(at);
            task.label_text = text;
            collector.add(task);
        }
    }
    collector.finish();
    REQUIRE(snapshot.labels.size() == 1 + many);
    bool right = true;
    for (std::uint32_t task = 0; task < 2 * many; ++task) {
        right = right && snapshot.labels[snapshot.tasks[task].label].text == std::to_string(task % many);
    }
    CHECK(right);
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
