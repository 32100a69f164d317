#include "analysis/analyse.hpp"

#include <catch2/catch.hpp>

using tasks::inspect::grows_all_along;
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

TEST_CASE("tasks that become more for a minute and longer grow all along") {
    std::vector<HistoryEntry> history;
    for (std::uint32_t at = 12; at > 0; --at) {
        history.push_back(ago(at * 10, 100 - 5 * at + at % 3)); // with a little coming and going
    }
    CHECK(grows_all_along(history, now, 100));
    CHECK_FALSE(grows_all_along(history, now, 50)); // they have ended
    CHECK_FALSE(grows_all_along(std::span{history}.last(5), now, 100));
    CHECK_FALSE(grows_all_along({}, now, 100));
}

TEST_CASE("load that comes and goes, a burst and a pool that was filled do not grow") {
    std::vector<HistoryEntry> waves;
    std::vector<HistoryEntry> burst;
    std::vector<HistoryEntry> filled;
    for (std::uint32_t at = 30; at > 0; --at) {
        waves.push_back(ago(at * 10, at % 4 == 0 ? 10 : 200 - 3 * at));
        burst.push_back(ago(at * 10, at > 15 ? 10 : 300));
        filled.push_back(ago(at * 10, at > 22 ? 100 - at : 80));
    }
    CHECK_FALSE(grows_all_along(waves, now, 190));
    CHECK_FALSE(grows_all_along(burst, now, 300));
    CHECK_FALSE(grows_all_along(filled, now, 80));
}
