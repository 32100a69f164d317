#include "commands/duration.hpp"

#include <catch2/catch.hpp>

using tasks::commands::parse_duration;

TEST_CASE("durations are a number and a unit") {
    CHECK(parse_duration("500ms") == 500'000'000u);
    CHECK(parse_duration("30s") == 30'000'000'000u);
    CHECK(parse_duration("5m") == 300'000'000'000u);
    CHECK(parse_duration("2h") == 7'200'000'000'000u);
    CHECK(parse_duration("1d") == 86'400'000'000'000u);
    CHECK(parse_duration("0s") == 0u);
}

TEST_CASE("anything else is no duration") {
    for (const auto* wrong : {"", "s", "30", "30 s", "-1s", "+1s", "1.5s", "1h30m", "30S", "30sec", "1us", "0x1s",
                              "18446744073709551616ms", "99999999999999999999s", "300000000000d"}) {
        INFO(wrong);
        CHECK_FALSE(parse_duration(wrong));
    }
}
