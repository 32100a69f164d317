// Tests that leak, and their repaired likes: every one fails or passes by its leak check alone.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#include <tasks/leak_check_catch2.hpp>

#include "leak_causes.hpp"

TASKS_LEAK_CHECK_EACH_TEST();

#define BOTH(name, leak, repair)                                                                                       \
    TEST_CASE("leaks " #name, "[.leaks]") { leak; }                                                                    \
    TEST_CASE("repaired " #name, "[repaired]") { repair; }
LEAK_CAUSES(BOTH)

TEST_CASE("sections", "[.sections]") {
    SECTION("clean") {
        std::thread{[] {}}.join();
    }
    SECTION("leaks") { leaking::late_answer(); }
}

TEST_CASE("throws", "[.throws]") {
    leaking::late_answer();
    throw 1;
}

TEST_CASE("scope of its own", "[.scope]") {
    tasks::LeakCheck check;
    leaking::late_answer();
    TASKS_CHECK_NO_LEAKS(check);
}
