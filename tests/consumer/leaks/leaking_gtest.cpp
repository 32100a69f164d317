#include <tasks/job.hpp>
#include <tasks/leak_check_gtest.hpp>

TASKS_LEAK_CHECK_EACH_TEST();

TEST(orders, leak) { static tasks::JobHandle left{"left"}; }
