#include <catch2/catch.hpp>

#include <limits>

#include <tasks/protocol/table_reader.hpp>

#include "checked_options.hpp"
#include "housekeeping.hpp"
#include "registry.hpp"

using namespace tasks;

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1000 * ms;

} // namespace

TEST_CASE("the defaults of the options are within their ranges") {
    const AgentOptions options;
    const auto within = agent::checked(options);
    CHECK(within.table.cap_bytes == options.table_cap_bytes);
    CHECK(within.table.initial_bytes == options.table_initial_bytes);
    CHECK(within.deadline_ns == 2 * second);
    CHECK(within.history_interval_ns == 10 * second);
}

TEST_CASE("options outside of their range become the nearest ones inside") {
    const auto low =
        agent::checked({.table_cap_bytes = 0, .table_initial_bytes = 0, .deadline_ms = 0, .history_interval_s = 0});
    CHECK(low.table.cap_bytes == 64 * 1024);
    CHECK(low.table.initial_bytes == 64 * 1024);
    CHECK(low.deadline_ns == 10 * ms);
    CHECK(low.history_interval_ns == 10 * second);
    constexpr auto most = std::numeric_limits<std::uint32_t>::max();
    const auto high = agent::checked({.table_cap_bytes = std::numeric_limits<std::size_t>::max(),
                                      .table_initial_bytes = std::numeric_limits<std::size_t>::max(),
                                      .deadline_ms = most,
                                      .history_interval_s = most});
    CHECK(high.table.cap_bytes == protocol::max_table_bytes);
    CHECK(high.table.initial_bytes == protocol::max_table_bytes);
    CHECK(high.deadline_ns == 600 * second);
    CHECK(high.history_interval_ns == 3600 * second);
    CHECK(agent::checked({.table_cap_bytes = 100'000, .table_initial_bytes = 200'000}).table.initial_bytes == 100'000);
}

TEST_CASE("the history is written as often as was asked for, and not at all while nothing goes on") {
    auto file =
        agent::TableFile::create(-1, "test", agent::Identity{}, {.cap_bytes = 256 * 1024, .initial_bytes = 256 * 1024});
    REQUIRE(file);
    static agent::Registry* const made = agent::Registry::create(std::move(*file)); // never freed, as in a process
    REQUIRE(made != nullptr);
    agent::Registry& registry = *made;
    agent::Housekeeping housekeeping{registry, 25 * second};
    CHECK(housekeeping.run(100 * second) == UINT64_MAX);
    CHECK(registry.file().header().history[0].at_ns == 0);
    registry.count_birth(*registry.this_thread(), registry.site("job", SourcePlace::here()));
    CHECK(housekeeping.run(200 * second) == 225 * second);
    CHECK(housekeeping.run(224 * second) == 225 * second);
    CHECK(registry.file().header().history[1].at_ns == 0);
    registry.count_birth(*registry.this_thread(), registry.site("job", SourcePlace::here()));
    CHECK(housekeeping.run(225 * second) == 250 * second);
    CHECK(registry.file().header().history[1].at_ns == 225 * second);
}
