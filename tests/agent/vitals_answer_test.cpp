// The process's figures, against what the kernel tells a test by other ways.
#include <catch2/catch.hpp>

#include <filesystem>

#include "server_fixture.hpp"
#include "vitals_answer.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

protocol::TableFacts history(const std::vector<std::array<std::uint64_t, 3>>& entries) {
    protocol::TableFacts facts;
    for (const auto& [at_s, started, ended] : entries)
        facts.history.push_back(
            {.at_ns = at_s * second_ns, .tasks = 0, .reserved = 0, .jobs_started = started, .jobs_ended = ended});
    return facts;
}

} // namespace

TEST_CASE("The last minute is counted from the newest look that is at least a minute old") {
    const auto facts = history({{100, 10, 0}, {130, 20, 5}, {140, 50, 6}, {150, 90, 7}});
    CHECK(agent::jobs_last_minute(facts, 100, 200 * second_ns) == 100 - (50 - 6));
    CHECK(agent::jobs_last_minute(facts, 2, 200 * second_ns) == 2 - (50 - 6));
    CHECK(agent::jobs_last_minute(facts, 100, 199 * second_ns) == 100 - (20 - 5));
}

TEST_CASE("The last minute is not known from a look that is over two minutes old, but where no job lived at it") {
    CHECK(agent::jobs_last_minute(history({{100, 10, 0}}), 100, 220 * second_ns) == 90);
    CHECK_FALSE(agent::jobs_last_minute(history({{100, 10, 0}}), 100, 221 * second_ns));
    CHECK(agent::jobs_last_minute(history({{100, 10, 10}}), 100, 900 * second_ns) == 100);
}

TEST_CASE("Without so old a look no job lived then") {
    CHECK(agent::jobs_last_minute(history({}), 7, 200 * second_ns) == 7);
    CHECK(agent::jobs_last_minute(history({{190, 5, 0}}), 7, 200 * second_ns) == 7);
    CHECK(agent::jobs_last_minute(history({}), 7, 5 * second_ns) == 7);
}

TEST_CASE("The vitals are those of the process") {
    RunningServer server;
    TestClient client = server.greeted();
    const BlockedThread blocked{1};
    const std::size_t fds = open_fds() - 1; // the listing's own
    REQUIRE(client.send(protocol::VitalsRequest{}));
    const auto frame = client.receive();
    REQUIRE(frame);
    const auto vitals = protocol::read<protocol::VitalsAnswer>(frame->payload);
    REQUIRE(vitals);
    CHECK(vitals->name == "payments");
    CHECK(vitals->tasks == 12u);
    CHECK(vitals->os_threads == 7u);
    CHECK(vitals->jobs_dropped == 3);
    CHECK(vitals->table_cap_bytes == 1000);
    CHECK(vitals->num_cpus.value_or(0) >= 1);
    CHECK(vitals->usable_cpus.value_or(0) >= 1);
    CHECK(vitals->usable_cpus <= vitals->num_cpus);
    CHECK(vitals->rss_bytes.value_or(0) > 1024 * 1024);
    CHECK(vitals->peak_rss_bytes >= vitals->rss_bytes);
    CHECK(vitals->stack_bytes.value_or(0) >= 2 * 4096);
    CHECK(vitals->stack_bytes < vitals->rss_bytes);
    CHECK(vitals->switches_voluntary.value_or(0) > 0);
    CHECK(vitals->switches_involuntary);
    // The server's own are left out: listener, both ends of the wake-up, spare, /proc/self/task and this client.
    CHECK(vitals->fds.value_or(0) == fds - 6);
    CHECK(vitals->taken_at_ns != 0);
    CHECK(vitals->uptime_ns.value_or(0) > 0);
}
