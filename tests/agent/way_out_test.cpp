#include "way_out.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>

#include "place.hpp"

using tasks::agent::find_place;
using tasks::agent::way_out;

TEST_CASE("what runs out is named with the limit that bounds it") {
    CHECK(way_out(ENOMEM).find("memory.max") != std::string_view::npos);
    CHECK(way_out(EAGAIN).find("ulimit -u") != std::string_view::npos);
    CHECK(way_out(EMFILE).find("ulimit -n") != std::string_view::npos);
    CHECK(way_out(EPERM).find("seccomp") != std::string_view::npos);
    CHECK(way_out(EIO).empty());
}

TEST_CASE("the way out of an unusable directory is where its name came from") {
    const std::string before = std::getenv("TASKS_DIR") == nullptr ? "" : std::getenv("TASKS_DIR");
    REQUIRE(::setenv("TASKS_DIR", "/proc/nowhere", 1) == 0);
    const auto by_variable = find_place("");
    const auto by_option = find_place("/proc/elsewhere");
    if (before.empty())
        ::unsetenv("TASKS_DIR");
    else
        ::setenv("TASKS_DIR", before.c_str(), 1);
    REQUIRE_FALSE(by_variable);
    CHECK(by_variable.error().ends_with("; set TASKS_DIR to one that you own"));
    REQUIRE_FALSE(by_option);
    CHECK(by_option.error().ends_with("; give another one that you own"));
    CHECK(by_option.error().find("TASKS_DIR") == std::string::npos);
}
