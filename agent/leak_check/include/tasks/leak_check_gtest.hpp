// Leak checks for GoogleTest. For every test of a program, one line in one of its files:
//
//     #include <tasks/leak_check_gtest.hpp>
//     TASKS_LEAK_CHECK_EACH_TEST();   // or (tasks::LeakOptions{}.ignore_name("pool"))
//
// A test is one scope, with its fixture; where something is left the test fails with the report as its message. After a
// failed test leaks are only looked for with run_on_failure(). What was started outside of all tests fails the run at
// its end. For one scope: `tasks::LeakCheck check; ... TASKS_CHECK_NO_LEAKS(check);`
#pragma once

#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include <tasks/leak_check.hpp>

/// The test fails where the check finds leaks, and goes on.
#define TASKS_CHECK_NO_LEAKS(check)                                                                                    \
    do {                                                                                                               \
        const tasks::LeakReport tasks_leaks = (check).find();                                                          \
        if (!tasks_leaks.empty())                                                                                      \
            ADD_FAILURE() << tasks_leaks.message();                                                                    \
    } while (false)

namespace tasks {

/// What TASKS_LEAK_CHECK_EACH_TEST() appends to the listeners. GoogleTest calls it on the thread that runs the tests.
class LeakCheckGTest final : public ::testing::EmptyTestEventListener {
public:
    explicit LeakCheckGTest(LeakOptions options) : options_(std::move(options)) {}

    /// Makes both parts known to GoogleTest, which owns them then. Once in a program.
    static bool switch_on(const LeakOptions& options) {
        ::testing::UnitTest::GetInstance()->listeners().Append(new LeakCheckGTest(options));
        ::testing::AddGlobalTestEnvironment(new WholeRun(options));
        return true;
    }

    void OnTestStart(const ::testing::TestInfo&) override { check_.emplace(options_); }

    /// Before GoogleTest's own printer, which comes last.
    void OnTestEnd(const ::testing::TestInfo& test) override {
        if (test.result()->Passed() || options_.all_on_failure())
            TASKS_CHECK_NO_LEAKS(*check_);
        check_.reset();
    }

private:
    class WholeRun final : public ::testing::Environment {
    public:
        explicit WholeRun(LeakOptions options) : options_(std::move(options)) {}
        void TearDown() override {
            if (!failed() || options_.all_on_failure())
                if (const LeakReport leaks = find_untold_leaks(options_); !leaks.empty())
                    ADD_FAILURE() << leaks.message();
            options_.clean_up(failed() ? 1 : 0);
        }

    private:
        static bool failed() { return ::testing::UnitTest::GetInstance()->Failed(); }

        LeakOptions options_;
    };

    LeakOptions options_;
    std::optional<LeakCheck> check_;
};

} // namespace tasks

/// Once in a program, outside of all functions.
#define TASKS_LEAK_CHECK_EACH_TEST(...)                                                                                \
    [[maybe_unused]] static const bool tasks_leak_check_is_on =                                                        \
        tasks::LeakCheckGTest::switch_on(tasks::LeakOptions(__VA_ARGS__))
