#include "analysis/process_tree.hpp"

#include <catch2/catch.hpp>

using namespace tasks::inspect;

namespace {

struct Line {
    std::uint32_t pid;
    std::size_t depth;
    bool last;
    bool operator==(const Line&) const = default;
};

std::vector<Line> lines(const std::vector<std::uint32_t>& pids, const std::map<std::uint32_t, std::uint32_t>& parents) {
    std::vector<Line> all;
    for (const auto& node : process_tree(pids, parents)) {
        all.push_back({pids[node.process], node.depth, node.last});
    }
    return all;
}

} // namespace

TEST_CASE("a process stands below the nearest ancestor that is listed") {
    CHECK(lines({30, 10, 20, 40}, {{10, 1}, {20, 15}, {15, 10}, {30, 10}, {40, 2}, {1, 0}, {2, 0}}) ==
          std::vector<Line>{{10, 0, false}, {20, 1, false}, {30, 1, true}, {40, 0, true}});
}

TEST_CASE("children follow their parent at once, and know which it is") {
    const std::vector<std::uint32_t> pids{10, 11, 12, 20};
    const auto nodes = process_tree(pids, {{11, 10}, {12, 11}, {20, 10}});
    REQUIRE(nodes.size() == 4);
    CHECK(pids[nodes[2].process] == 12);
    REQUIRE(nodes[2].parent);
    CHECK(pids[nodes[*nodes[2].parent].process] == 11);
    CHECK(nodes[2].depth == 2);
    CHECK_FALSE(nodes[0].parent);
}

TEST_CASE("a circle of parents, as reused pids may show it, loses no process") {
    CHECK(lines({10, 11}, {{10, 11}, {11, 10}}).size() == 2);
    CHECK(lines({10, 11, 12}, {{10, 12}, {11, 10}, {12, 11}}).size() == 3);
    CHECK(lines({10}, {{10, 10}}) == std::vector<Line>{{10, 0, true}});
    CHECK(lines({}, {}).empty());
}
