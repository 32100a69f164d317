// The table of goleak's semantics, and what leaktest has besides, but for the options, which leak_options_test.cpp has:
// Find, its retries, VerifyNone, VerifyTestMain, IgnoreCurrent, Cleanup, the parts of the message. Each test begins
// with the words of the row; goleak's own tests of it are leaks_test.go, options_test.go and testmain_test.go.
#include <tasks/leak_check.hpp>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>

#include "check_words.hpp"
#include "leak_search.hpp"
#include "stuck_thread.hpp"

using namespace std::chrono_literals;
using namespace tasks;
using namespace tasks::test;

namespace {

/// What is written to standard error while it lives.
class StandardError {
public:
    StandardError() : file_(std::tmpfile()), before_(::dup(STDERR_FILENO)) { ::dup2(::fileno(file_), STDERR_FILENO); }
    ~StandardError() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        std::fclose(file_);
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;

    std::string text() const {
        std::string text(std::size_t{1} << 16, '\0');
        const auto bytes = ::pread(::fileno(file_), text.data(), text.size(), 0);
        text.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
        return text;
    }

private:
    std::FILE* file_;
    int before_;
};

/// What verify_test_main() returns and prints.
std::pair<int, std::string> verified(int status, const LeakOptions& options) {
    const StandardError error;
    const int returned = verify_test_main(status, options);
    return {returned, error.text()};
}

std::vector<int> cleaned;
std::optional<JobHandle> ended_by_cleanup;

void clean_up(int status) {
    cleaned.push_back(status);
    ended_by_cleanup.reset();
}

bool contains(const std::string& text, const char* expression) {
    return std::regex_search(text, std::regex{expression});
}

} // namespace

TEST_CASE("goleak's Find: nothing, then what was left and who started it, then nothing once that has ended") {
    const auto options = at_once().ignore_current();
    CHECK(find_leaks(options).empty());
    auto blocked = std::make_unique<StuckThread>();
    const std::string message = find_leaks(options).message();
    INFO(message);
    CHECK(is_in("StuckThread::wait_for_ever", message));
    CHECK(is_in("created by tasks::test::StuckThread::StuckThread", message));
    blocked.reset();
    CHECK(find_leaks(options).empty());
}

TEST_CASE("goleak's looks: 21 of them within 431 ms") {
    leaks::Options options;
    leaks::Backoff backoff{options};
    const auto begun = std::chrono::steady_clock::now();
    int looks = 1;
    while (backoff.sleep())
        ++looks;
    CHECK(looks == 21);
    CHECK(std::chrono::steady_clock::now() - begun >= 431ms);
}

TEST_CASE(
    "goleak's IgnoreCurrent: what begins later is found, though it gets the handle and the record of what ended") {
    std::vector<std::unique_ptr<StuckThread>> threads(5);
    std::vector<JobHandle> jobs;
    for (auto& thread : threads) {
        thread = std::make_unique<StuckThread>();
        jobs.emplace_back("before");
    }
    const auto options = at_once().ignore_current();
    threads.clear();
    jobs.clear();
    for (int round = 0; round < 5; ++round) {
        const StuckThread thread;
        const JobHandle job{"after"};
        CHECK(find_leaks(options).tasks() == 2);
    }
    CHECK(find_leaks(options).empty());
}

TEST_CASE("goleak's IgnoreTopFunction and IgnoreAnyFunction: neither is who started the task") {
    const StuckThread stuck;
    LeakCheck check{at_once()
                        .ignore_top_function("tasks::test::StuckThread::StuckThread()::{lambda()#1}::operator()")
                        .ignore_any_function("tasks::test::StuckThread::StuckThread")};
    const StuckThread left;
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK(leaks.tasks() == 1);
    CHECK(has_note(leaks, "'any tasks::test::StuckThread::StuckThread' is ignored, and matched no task"));
}

TEST_CASE(
    "goleak's VerifyTestMain: after success leaks are printed and make 1 of 0, after failure nothing is looked for") {
    const auto options = at_once().ignore_current();
    CHECK(verified(0, options) == std::pair{0, std::string{}});
    const JobHandle left{"left"};
    CHECK(verified(7, options) == std::pair{7, std::string{}});
    const auto [status, printed] = verified(0, options);
    CHECK(status == 1);
    CHECK(is_in("found unexpected tasks: 1 task still lives", printed));
}

TEST_CASE("goleak's RunOnFailure: after failure leaks are printed, and the status stays") {
    const auto options = at_once().ignore_current().run_on_failure();
    CHECK(verified(3, options) == std::pair{3, std::string{}});
    const JobHandle left{"left"};
    const auto [status, printed] = verified(3, options);
    CHECK(status == 3);
    CHECK(is_in("found unexpected tasks: 1 task still lives", printed));
    CHECK(verified(0, options).first == 1);
}

TEST_CASE("goleak's VerifyNone: true without leaks, else they are printed") {
    const auto options = at_once().ignore_current();
    const StandardError error;
    CHECK(verify_none(options));
    CHECK(error.text().empty());
    const JobHandle left{"left"};
    CHECK_FALSE(verify_none(options));
    CHECK(is_in("found unexpected tasks: 1 task still lives", error.text()));
}

TEST_CASE("goleak's Cleanup: called once, after the looks, with the status that the run gets") {
    cleaned.clear();
    const auto options = at_once().ignore_current().cleanup(clean_up);
    const StandardError error;
    ended_by_cleanup.emplace("left");
    CHECK_FALSE(verify_none(options));
    ended_by_cleanup.emplace("left");
    CHECK(verify_test_main(0, options) == 1);
    ended_by_cleanup.emplace("left");
    CHECK(verify_test_main(3, options) == 3);
    CHECK(verify_test_main(0, options) == 0);
    CHECK(cleaned == std::vector{0, 1, 3, 0});
}

TEST_CASE("goleak's Cleanup: Find has no use for it, and says so") {
    cleaned.clear();
    CHECK(has_note(find_leaks(at_once().ignore_current().cleanup(clean_up)), "cleanup() is for verify_none()"));
    CHECK(cleaned.empty());
}

TEST_CASE(
    "goleak's message: of each task its state, its top function, its stack and its creator, and here their lines") {
    LeakCheck check{at_once()};
    TaskHandle sender{task_kind::coroutine, "settle", SourcePlace::here()};
    static int results = 0;
    sender.suspends(wait_reason::chan_send, &results, "results", SourcePlace::here());
    const unsigned line = __LINE__ - 1;
    const JobHandle queued{"refund"};
    const StuckThread stuck;
    const std::string message = check.find().message();
    INFO(message);
    CHECK(is_in("found unexpected tasks: 3 tasks still live\n", message));
    CHECK(contains(message, "1 task, coroutine, chan send \"results\", [0-9.]+ m?s \\[settle\\]"));
    CHECK(is_in("      settle   goleak_table_test.cpp:" + std::to_string(line) + "\n", message));
    CHECK(contains(message, "1 task, job, runnable, [0-9.]+ m?s \\[refund\\]"));
    CHECK(contains(message, "created by [^\n]+goleak_table_test.cpp:"));
    CHECK(is_in("goleak_table_test.cpp:" + std::to_string(line + 2) + "\n", message));
    CHECK(contains(message, "1 task, thread, [^\n]*, last ran [0-9.]+ m?s ago [^\n]*\n"
                            " +tasks::test::StuckThread::wait_for_ever[^\n]*stuck_thread.hpp:[0-9]+\n"
                            " +tasks::test::StuckThread::StuckThread[^\n]*stuck_thread.hpp:[0-9]+\n"));
    CHECK(contains(message, "created by tasks::test::StuckThread::StuckThread[^\n]*stuck_thread.hpp:[0-9]+\n"));
}

TEST_CASE("leaktest misses a leak among 20,000 tasks, whose stacks overflow its buffer: here it is told") {
    LeakCheck check{at_once().ignore_name("of the pool")};
    std::vector<JobHandle> pool;
    for (int i = 0; i < 20'000; ++i)
        pool.emplace_back("of the pool");
    const StuckThread left;
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK(leaks.tasks() == 1);
    CHECK(is_in("StuckThread::wait_for_ever", leaks.message()));
}
