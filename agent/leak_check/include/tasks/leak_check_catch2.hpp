// Leak checks for Catch2, version 2 and 3. For every test of a program, one line in one of its files:
//
//     #include <tasks/leak_check_catch2.hpp>   // with Catch2 2 before any <catch2/catch.hpp> of the file
//     TASKS_LEAK_CHECK_EACH_TEST();            // or (tasks::LeakOptions{}.ignore_name("pool"))
//
// A test, and each run of it through other sections, is one scope; where something is left the test fails with the
// report as its message. After a failed test leaks are only looked for with run_on_failure(). What was started outside
// of all tests is told at the end of the run, on standard error, and exit() makes 1 of a status of 0 then.
// For one scope: `tasks::LeakCheck check; ... TASKS_CHECK_NO_LEAKS(check);`
#pragma once

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_case_info.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/interfaces/catch_interfaces_reporter.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
namespace tasks::leaks {
using Catch2Listener = Catch::EventListenerBase;
}
#else
#ifndef CATCH_CONFIG_EXTERNAL_INTERFACES
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include <catch2/catch.hpp>
namespace tasks::leaks {
/// Hears of fatal signals as those of version 3 do.
class Catch2Listener : public Catch::TestEventListenerBase {
public:
    using Catch::TestEventListenerBase::TestEventListenerBase;

    bool assertionEnded(const Catch::AssertionStats& stats) override {
        if (stats.assertionResult.getResultType() == Catch::ResultWas::FatalErrorCondition)
            fatalErrorEncountered("");
        return Catch::TestEventListenerBase::assertionEnded(stats);
    }
};
} // namespace tasks::leaks
#endif

#include <optional>

#include <tasks/leak_check.hpp>

/// The test fails where the check finds leaks, and goes on.
#define TASKS_CHECK_NO_LEAKS(check)                                                                                    \
    do {                                                                                                               \
        const tasks::LeakReport tasks_leaks = (check).find();                                                          \
        if (!tasks_leaks.empty())                                                                                      \
            FAIL_CHECK(tasks_leaks.message());                                                                         \
    } while (false)

namespace tasks {

/// Base of what TASKS_LEAK_CHECK_EACH_TEST() registers. Catch2 calls it on the thread that runs the tests.
class LeakCheckCatch2 : public leaks::Catch2Listener {
public:
    using leaks::Catch2Listener::Catch2Listener;

    void sectionStarting(const Catch::SectionInfo&) override {
        if (depth_++ == 0)
            check_.emplace(options());
    }

    /// Before Catch2 counts what failed in the test's run.
    void sectionEnded(const Catch::SectionStats& stats) override {
        if (--depth_ != 0)
            return;
        if (!dying_ && (stats.assertions.failed == 0 || options().all_on_failure()))
            fail_if_leaking();
        check_.reset();
    }

    /// The rest is called by the handler of a fatal signal, where nothing may be looked for.
    void fatalErrorEncountered(Catch::StringRef) override { dying_ = true; }

    void testRunEnded(const Catch::TestRunStats& stats) override {
        if (dying_)
            return;
        verify_at_exit(stats.totals.assertions.failed != 0, options());
    }

protected:
    virtual LeakOptions options() const { return {}; }

private:
    /// With --abort Catch2 throws what ends a test, and here nobody would catch it.
    void fail_if_leaking() {
        const LeakReport leaks = check_->find();
        if (leaks.empty())
            return;
        CATCH_TRY { FAIL_CHECK(leaks.message()); }
        CATCH_CATCH_ALL {}
    }

    std::optional<LeakCheck> check_;
    int depth_ = 0;
    bool dying_ = false;
};

} // namespace tasks

/// Once in a program, outside of all functions.
#define TASKS_LEAK_CHECK_EACH_TEST(...)                                                                                \
    namespace {                                                                                                        \
    class TasksLeakCheckListener final : public tasks::LeakCheckCatch2 {                                               \
    public:                                                                                                            \
        using tasks::LeakCheckCatch2::LeakCheckCatch2;                                                                 \
                                                                                                                       \
    private:                                                                                                           \
        tasks::LeakOptions options() const override { return tasks::LeakOptions(__VA_ARGS__); }                        \
    };                                                                                                                 \
    CATCH_REGISTER_LISTENER(TasksLeakCheckListener)                                                                    \
    }                                                                                                                  \
    static_assert(true)
