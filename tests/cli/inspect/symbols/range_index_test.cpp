#include <catch2/catch.hpp>

#include "symbols/range_index.hpp"

using tasks::inspect::RangeIndex;

namespace {

std::vector<int> around(const RangeIndex<int>& index, std::uint64_t address) {
    std::vector<int> found;
    index.around(address, [&](int value) {
        found.push_back(value);
        return true;
    });
    return found;
}

} // namespace

TEST_CASE("the ranges around an address come with the highest start first") {
    RangeIndex<int> index;
    index.add(200, 300, 4);
    index.add(10, 100, 1);
    index.add(20, 40, 2);
    index.add(30, 35, 3);
    index.seal();
    REQUIRE(around(index, 32) == std::vector<int>{3, 2, 1});
    REQUIRE(around(index, 35) == std::vector<int>{2, 1});
    REQUIRE(around(index, 99) == std::vector<int>{1});
    REQUIRE(around(index, 250) == std::vector<int>{4});
    for (const std::uint64_t outside : {0u, 9u, 100u, 199u, 300u})
        REQUIRE(around(index, outside).empty());
    REQUIRE(*index.innermost(32) == 3);
    REQUIRE(index.innermost(150) == nullptr);
}

TEST_CASE("empty and reversed ranges are no ranges") {
    RangeIndex<int> index;
    index.add(10, 10, 1);
    index.add(20, 10, 2);
    index.seal();
    REQUIRE(index.size() == 0);
    REQUIRE(around(index, 10).empty());
}

TEST_CASE("a range that lies across others is found behind them") {
    RangeIndex<int> index;
    index.add(0, 1000, 0);
    for (int i = 1; i < 100; ++i)
        index.add(static_cast<std::uint64_t>(i) * 10, static_cast<std::uint64_t>(i) * 10 + 5, i);
    index.seal();
    REQUIRE(around(index, 507) == std::vector<int>{0});
    REQUIRE(around(index, 503) == std::vector<int>{50, 0});
}
