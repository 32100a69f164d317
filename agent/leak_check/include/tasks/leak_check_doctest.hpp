// Leak checks for doctest. For every test of a program, one line in one of its files:
//
//     #include <tasks/leak_check_doctest.hpp>
//     TASKS_LEAK_CHECK_EACH_TEST();   // or (tasks::LeakOptions{}.ignore_name("pool"))
//
// A test is one scope. doctest has no way for a listener to fail a test: what is left is told on standard error with
// the test's name, and exit() makes 1 of a status of 0. After a failed test leaks are only looked for with
// run_on_failure(). So is what was started outside of all tests, at the end of the run.
// For one scope, which fails its test: `tasks::LeakCheck check; ... TASKS_CHECK_NO_LEAKS(check);`
#pragma once

#include <cstdio>
#include <optional>

#include <doctest/doctest.h>

#include <tasks/leak_check.hpp>

/// The test fails where the check finds leaks, and goes on.
#define TASKS_CHECK_NO_LEAKS(check)                                                                                    \
    do {                                                                                                               \
        const tasks::LeakReport tasks_leaks = (check).find();                                                          \
        if (!tasks_leaks.empty())                                                                                      \
            FAIL_CHECK(doctest::String(tasks_leaks.message().c_str()));                                                \
    } while (false)

namespace tasks {

/// Base of what TASKS_LEAK_CHECK_EACH_TEST() registers. doctest calls it on the thread that runs the tests.
class LeakCheckDoctest : public doctest::IReporter {
public:
    explicit LeakCheckDoctest(const doctest::ContextOptions&) {}

    void test_case_start(const doctest::TestCaseData& test) override {
        name_ = test.m_name;
        check_.emplace(options());
    }

    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        if (stats.testCaseSuccess || options().all_on_failure()) {
            if (const LeakReport leaks = check_->find(); !leaks.empty()) {
                std::fprintf(stderr, "test \"%s\": %s", name_, leaks.message().c_str());
                fail_at_exit();
            }
        }
        check_.reset();
    }

    void test_run_end(const doctest::TestRunStats& stats) override {
        verify_at_exit(stats.numTestCasesFailed != 0, options());
    }

    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}

protected:
    virtual LeakOptions options() const { return {}; }

private:
    const char* name_ = "";
    std::optional<LeakCheck> check_;
};

} // namespace tasks

/// Once in a program, outside of all functions.
#define TASKS_LEAK_CHECK_EACH_TEST(...)                                                                                \
    namespace {                                                                                                        \
    class TasksLeakCheckListener final : public tasks::LeakCheckDoctest {                                              \
    public:                                                                                                            \
        using tasks::LeakCheckDoctest::LeakCheckDoctest;                                                               \
                                                                                                                       \
    private:                                                                                                           \
        tasks::LeakOptions options() const override { return tasks::LeakOptions(__VA_ARGS__); }                        \
    };                                                                                                                 \
    }                                                                                                                  \
    DOCTEST_REGISTER_LISTENER("tasks_leak_check", 1, TasksLeakCheckListener)
