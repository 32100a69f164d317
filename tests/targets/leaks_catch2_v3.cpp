// The listener for Catch2 3 with a stand-in for it: a clean test, one whose section leaks, the end of the run; or, told
// so by its argument, a fatal signal in the test, or --abort. Prints what fails.
#include <tasks/leak_check_catch2.hpp>

#include <cstdio>
#include <string>

#include <tasks/job.hpp>

TASKS_LEAK_CHECK_EACH_TEST(tasks::LeakOptions{}.timeout(std::chrono::milliseconds{20}));

namespace {

bool aborts = false;
Catch::Counts counts;

template <class Body> void test(Body body) {
    Catch::listener()->sectionStarting({});
    Catch::listener()->sectionStarting({});
    body();
    Catch::listener()->sectionEnded({});
    Catch::listener()->sectionEnded({counts});
}

} // namespace

std::unique_ptr<Catch::IEventListener>& Catch::listener() {
    static std::unique_ptr<IEventListener> one;
    return one;
}

void Catch::fail_check(const std::string& message) {
    ++counts.failed;
    std::printf("failed: %s\n", message.c_str());
    if (aborts)
        throw 1;
}

int main(int words, char** argument) {
    const std::string mode = words > 1 ? argument[1] : "";
    aborts = mode == "--abort";
    test([] { const tasks::JobHandle ended{"ended"}; });
    std::puts("clean");
    test([&mode] {
        static tasks::JobHandle left;
        left = tasks::JobHandle{"left"};
        if (mode == "--fatal")
            Catch::listener()->fatalErrorEncountered("SIGSEGV");
    });
    Catch::listener()->testRunEnded({{counts}});
    std::printf("%zu failed\n", counts.failed);
}
