// Tests that leak, and their repaired likes: every one fails or passes by its leak check alone.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <tasks/leak_check_doctest.hpp>

#include "leak_causes.hpp"

TASKS_LEAK_CHECK_EACH_TEST();

TEST_CASE("leaks thread_late_answer") { leaking::late_answer(); }
TEST_CASE("repaired thread_late_answer") { leaking::awaited_answer(); }
TEST_CASE("scope of its own") {
    tasks::LeakCheck check;
    leaking::late_answer();
    TASKS_CHECK_NO_LEAKS(check);
}
