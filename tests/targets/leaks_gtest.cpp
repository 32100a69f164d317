// Tests that leak, and their repaired likes: every one fails or passes by its leak check alone.
#include <tasks/leak_check_gtest.hpp>

#include "leak_causes.hpp"

TASKS_LEAK_CHECK_EACH_TEST();

#define BOTH(name, leak, repair)                                                                                       \
    TEST(leaks, name) { leak; }                                                                                        \
    TEST(repaired, name) { repair; }
LEAK_CAUSES(BOTH)
