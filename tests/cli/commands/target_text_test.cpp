#include "commands/target_text.hpp"

#include <catch2/catch.hpp>

using tasks::commands::parse_target;

TEST_CASE("digits are a pid") {
    const auto target = parse_target("12336");
    REQUIRE(target);
    CHECK(target->pid == 12336);
    CHECK_FALSE(target->start_time_ticks);
}

TEST_CASE("digits at digits are a pid and its start time") {
    const auto target = parse_target("12336@8812");
    REQUIRE(target);
    CHECK(target->pid == 12336);
    CHECK(target->start_time_ticks == 8812);
}

TEST_CASE("anything else is a name") {
    for (const auto* name : {"payments", "7zip", "a@b", "12@", "@12", "12@x", "-", "1 2"}) {
        const auto target = parse_target(name);
        REQUIRE(target);
        CHECK_FALSE(target->pid);
        CHECK(target->name == name);
    }
}

TEST_CASE("numbers that no process can have are refused with a sentence") {
    for (const auto* wrong : {"", "0", "4294967296", "99999999999999999999", "12@99999999999999999999"}) {
        const auto target = parse_target(wrong);
        REQUIRE_FALSE(target);
        CHECK_FALSE(target.error().empty());
    }
}
