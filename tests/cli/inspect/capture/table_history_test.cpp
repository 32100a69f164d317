#include "capture/table_history.hpp"

#include <catch2/catch.hpp>

using tasks::inspect::jobs_last_minute;
using tasks::protocol::HistoryEntry;

namespace {
constexpr std::uint64_t second = 1'000'000'000;
HistoryEntry look(std::uint64_t at_s, std::uint64_t started, std::uint64_t ended) {
    return {at_s * second, 0, 0, started, ended};
}
} // namespace

TEST_CASE("the newest minute of the history counts, not what was before") {
    CHECK(jobs_last_minute({look(10, 0, 0), look(50, 100, 0), look(60, 105, 0), look(110, 120, 8)}) == 12);
}

TEST_CASE("a younger history counts as far as it goes") {
    CHECK(jobs_last_minute({look(10, 5, 5), look(20, 6, 9)}) == -3);
}

TEST_CASE("nothing is told from one look, or from looks that contradict each other") {
    CHECK_FALSE(jobs_last_minute({}));
    CHECK_FALSE(jobs_last_minute({look(10, 1, 1)}));
    CHECK_FALSE(jobs_last_minute({look(10, 9, 1), look(20, 5, 1)}));
    CHECK_FALSE(jobs_last_minute({look(20, 1, 1), look(20, 2, 1)}));
    CHECK_FALSE(jobs_last_minute({look(10, 1, 1), look(200, 2, 1)}));
}

TEST_CASE("a process was last alive when its agent or a task last wrote, unless a task's time cannot be") {
    tasks::protocol::TableFacts facts;
    facts.seen_alive_ns = 100 * second;
    CHECK(tasks::inspect::last_written_ns(facts, 0) == 100 * second);
    CHECK(tasks::inspect::last_written_ns(facts, 99 * second) == 100 * second);
    CHECK(tasks::inspect::last_written_ns(facts, 104 * second) == 104 * second);
    CHECK(tasks::inspect::last_written_ns(facts, 100'000 * second) == 100 * second);
}
