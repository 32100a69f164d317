#include "analysis/deadlock.hpp"

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

WaitEdge waits(std::uint32_t waiter, std::uint32_t holder) {
    WaitEdge edge;
    edge.waiter_tid = waiter;
    edge.holder_tid = holder;
    edge.steady = true;
    return edge;
}

WaitEdge for_orphan(std::uint32_t waiter, std::uint64_t address) {
    auto edge = waits(waiter, 99);
    edge.lock = LockFacts{LockKind::mutex, address, 99, false};
    edge.holder_gone = true;
    return edge;
}

std::vector<std::uint32_t> waiters(const Finding& finding) {
    std::vector<std::uint32_t> tids;
    for (const auto& edge : finding.edges) {
        tids.push_back(edge.waiter_tid);
    }
    return tids;
}

using Tids = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("two that wait for each other are a cycle, told once from its smallest tid") {
    const auto findings = find_deadlocks({waits(7, 5), waits(5, 7)}, false);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].kind == FindingKind::cycle);
    CHECK(waiters(findings[0]) == Tids{5, 7});
    CHECK(findings[0].edges[1].holder_tid == 5);
}

TEST_CASE("those who wait for somebody in a cycle are not part of it") {
    const auto findings = find_deadlocks({waits(1, 2), waits(2, 5), waits(3, 9), waits(5, 9), waits(9, 5)}, false);
    REQUIRE(findings.size() == 1);
    CHECK(waiters(findings[0]) == Tids{5, 9});
}

TEST_CASE("a thread that waits for itself is a cycle of one") {
    const auto findings = find_deadlocks({waits(4, 4), waits(6, 4)}, false);
    REQUIRE(findings.size() == 1);
    CHECK(waiters(findings[0]) == Tids{4});
}

TEST_CASE("every cycle is told, in the order of their smallest tids") {
    const auto findings =
        find_deadlocks({waits(9, 8), waits(8, 9), waits(3, 1), waits(1, 2), waits(2, 3), waits(5, 5)}, false);
    REQUIRE(findings.size() == 3);
    CHECK(waiters(findings[0]) == Tids{1, 2, 3});
    CHECK(waiters(findings[1]) == Tids{5});
    CHECK(waiters(findings[2]) == Tids{8, 9});
}

TEST_CASE("a chain that ends is no finding") {
    CHECK(find_deadlocks({waits(1, 2), waits(2, 3), waits(4, 2)}, false).empty());
}

TEST_CASE("a wait that was not seen at one moment with the others, or that a time ends, closes no cycle") {
    auto loose = waits(7, 5);
    loose.steady = false;
    CHECK(find_deadlocks({loose, waits(5, 7)}, false).empty());
}

TEST_CASE("all who wait for one orphan lock are one finding") {
    const auto findings = find_deadlocks({for_orphan(1, 0x1000), for_orphan(2, 0x2000), for_orphan(3, 0x1000)}, false);
    REQUIRE(findings.size() == 2);
    CHECK(findings[0].kind == FindingKind::orphan_lock);
    CHECK(waiters(findings[0]) == Tids{1, 3});
    CHECK(waiters(findings[1]) == Tids{2});
}

TEST_CASE("that all are asleep is told where nothing else tells why") {
    const auto alone = find_deadlocks({waits(1, 2)}, true);
    REQUIRE(alone.size() == 1);
    CHECK(alone[0].kind == FindingKind::all_asleep);
    const auto explained = find_deadlocks({waits(1, 1)}, true);
    REQUIRE(explained.size() == 1);
    CHECK(explained[0].kind == FindingKind::cycle);
}

TEST_CASE("a long chain and a great cycle are walked in time") {
    std::vector<WaitEdge> edges;
    for (std::uint32_t tid = 1; tid <= 60'000; ++tid) {
        edges.push_back(waits(tid, tid % 60'000 + 1));
    }
    const auto findings = find_deadlocks(edges, false);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].edges.size() == 60'000);
}
