#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/leak_check.hpp>

int main() {
    tasks::Agent agent{{.name = "leaks"}};
    static tasks::JobHandle left{"left"};
    return tasks::verify_test_main(0);
}
