#include "analysis/analyse.hpp"

#include <catch2/catch.hpp>

using tasks::inspect::trend_per_min;
using tasks::protocol::HistoryEntry;

namespace {

constexpr std::uint64_t s = 1'000'000'000;
constexpr std::uint64_t now = 10'000 * s;

HistoryEntry ago(std::uint64_t seconds, std::uint32_t tasks) {
    HistoryEntry entry;
    entry.at_ns = now - seconds * s;
    entry.tasks = tasks;
    return entry;
}

} // namespace

TEST_CASE("the trend compares with the newest entry that is a minute old") {
    CHECK(trend_per_min(std::vector{ago(300, 1), ago(60, 10), ago(30, 16)}, now, 22) == Approx(12));
    CHECK(trend_per_min(std::vector{ago(120, 10)}, now, 4) == Approx(-3));
}

TEST_CASE("a history younger than a minute is scaled from its oldest entry") {
    CHECK(trend_per_min(std::vector{ago(30, 10), ago(20, 11)}, now, 20) == Approx(20));
}

TEST_CASE("a history younger than ten seconds, empty or of the future tells no trend") {
    CHECK_FALSE(trend_per_min({}, now, 5));
    CHECK_FALSE(trend_per_min(std::vector{ago(9, 1)}, now, 5));
    CHECK_FALSE(trend_per_min(std::vector{HistoryEntry{}}, now, 5));
    HistoryEntry future;
    future.at_ns = now + s;
    CHECK_FALSE(trend_per_min(std::vector{future}, now, 5));
}

TEST_CASE("the order of the history does not matter") {
    CHECK(trend_per_min(std::vector{ago(30, 16), ago(60, 10), ago(300, 1)}, now, 22) == Approx(12));
}
