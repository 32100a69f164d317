// goleak's options side by side: what each leaves out, what the others leave in, and what is said of those that match
// nothing. The rest of its table: goleak_table_test.cpp.
#include <tasks/leak_check.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

#include <catch2/catch.hpp>

#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/task_handle.hpp>

#include "check_words.hpp"
#include "leak_patterns.hpp"
#include "leak_search.hpp"
#include "stuck_thread.hpp"

using namespace std::chrono_literals;
using namespace tasks;
using namespace tasks::test;

namespace {

/// How many tasks of a stuck thread and a queued job that is labelled remain.
std::size_t left_with(const LeakOptions& options) {
    LeakCheck check{options};
    const StuckThread stuck;
    JobHandle job{"settle"};
    job.label("request", "8431");
    const auto leaks = check.find();
    INFO(leaks.message());
    CHECK_FALSE(has_note(leaks, "matched no task"));
    return leaks.tasks();
}

} // namespace

TEST_CASE("goleak's IgnoreTopFunction: the innermost function of the program's own") {
    CHECK(left_with(at_once()) == 2);
    CHECK(left_with(at_once().ignore_top_function("tasks::test::StuckThread::wait_for_ever")) == 1);
}

TEST_CASE("goleak's IgnoreAnyFunction: a function anywhere in the stack") {
    CHECK(left_with(at_once().ignore_any_function("tasks::test::StuckThread::StuckThread*operator()")) == 1);
}

TEST_CASE("goleak's IgnoreCreatedBy: who started the task") {
    CHECK(left_with(at_once().ignore_created_by("tasks::test::StuckThread::StuckThread")) == 1);
}

TEST_CASE("goleak's IgnoreCurrent: what lives already") {
    const StuckThread before;
    CHECK(find_leaks(at_once()).tasks() >= 1);
    CHECK(find_leaks(at_once().ignore_current()).empty());
    const auto options = at_once().ignore_current();
    const JobHandle after{"after"};
    CHECK(find_leaks(options).tasks() == 1);
}

TEST_CASE("threads are left out by the file of the program or library that made them") {
    const std::string program = std::filesystem::read_symlink("/proc/self/exe").filename();
    CHECK(left_with(at_once().ignore_library(program)) == 1);
    LeakCheck check{at_once().ignore_library("libtbb.so*").ignore_library("libstdc++.so*")};
    const StuckThread stuck;
    const auto leaks = check.find();
    CHECK(leaks.tasks() == 1);
    CHECK(has_note(leaks, "'library libtbb.so*' is ignored, and matched no task"));
}

TEST_CASE("tasks are left out by name and by label") {
    CHECK(left_with(at_once().ignore_name("settle")) == 1);
    CHECK(left_with(at_once().ignore_name("set*")) == 1);
    CHECK(left_with(at_once().ignore_label("request")) == 1);
    CHECK(left_with(at_once().ignore_label("request", "8431")) == 1);
    CHECK(left_with(at_once().ignore_label("request", "84*").ignore_created_by("*StuckThread")) == 0);
}

TEST_CASE("a pattern that matches nothing is said, and does no harm") {
    LeakCheck check{at_once().ignore_top_function("nobody").ignore_name("Settle").ignore_label("request", "1")};
    const JobHandle job{"settle"};
    const auto leaks = check.find();
    CHECK(leaks.tasks() == 1);
    CHECK(has_note(leaks, "'top nobody' is ignored, and matched no task"));
    CHECK(has_note(leaks, "'name Settle'"));
    CHECK(has_note(leaks, "'label request=1'"));
    CHECK(leaks.message().find("note: 'top nobody'") != std::string::npos);
}

TEST_CASE("what is ignored does not keep a check waiting for the whole time") {
    LeakCheck check{LeakOptions{}.ignore_created_by("*StuckThread").timeout(30s)};
    const StuckThread stuck;
    const auto begun = std::chrono::steady_clock::now();
    CHECK(check.find().empty());
    CHECK(std::chrono::steady_clock::now() - begun < 20s);
}

TEST_CASE("patterns are read from a file, and what is wrong with it is said") {
    const std::string path = std::filesystem::temp_directory_path() / ("leaks-" + std::to_string(::getpid()));
    std::ofstream{path} << "# ours\n\nname settle\n  created_by   *StuckThread\nnames settle\n";
    const auto options = at_once().ignore_from(path);
    std::filesystem::remove(path);
    CHECK(left_with(options) == 0);
    LeakCheck check{options};
    CHECK(has_note(check.find(), ":5: 'names settle' is none of: top FUNCTION"));
    CHECK(has_note(LeakCheck{at_once().ignore_from("/nowhere")}.find(), "/nowhere cannot be read: No such file"));
}

TEST_CASE("what libraries keep for themselves is listed") {
    const auto& lines = leaks_ignored_always();
    CHECK(std::find(lines.begin(), lines.end(), "name tasks-agent") != lines.end());
    CHECK(lines.size() > 8);
}

TEST_CASE("a thread that waits in a sanitizer's function is not ignored for it") {
    for (const auto& pattern : leaks::built_in_patterns())
        for (const char* function : {"__tsan::cond_wait(__tsan::ThreadState*)", "__sanitizer::FutexWait(unsigned int)"})
            CHECK_FALSE(leaks::matches(pattern.text, function));
}

TEST_CASE("a function matches without its parameters, as a whole, and with any characters for each *") {
    using leaks::matches;
    CHECK(matches("net::accept", "net::accept(int, char*)"));
    CHECK(matches("net::accept", "net::accept"));
    CHECK(matches("net::accept(int)", "net::accept(int)"));
    CHECK(matches("net::*", "net::accept(int)"));
    CHECK(matches("f(int)::{lambda()#1}::operator()", "f(int)::{lambda()#1}::operator()() const"));
    CHECK(matches("a[b]?*", "a[b]?c"));
    CHECK_FALSE(matches("accept", "net::accept(int)"));
    CHECK_FALSE(matches("net::accept", "net::accept_all()"));
    CHECK_FALSE(matches("net::", "net::accept"));
    CHECK_FALSE(matches("", "net::accept"));
    CHECK_FALSE(matches("a[b]?*", "abc"));
}

TEST_CASE("what a check has told is not told again at the end") {
    std::vector<JobHandle> left;
    const auto options = at_once().ignore_current();
    {
        LeakCheck check{at_once()};
        left.emplace_back("told");
        CHECK(check.find().tasks() == 1);
        left.emplace_back("started when nobody looked any more");
    }
    CHECK(find_leaks(options).tasks() == 2);
    const auto untold = find_untold_leaks(options);
    CHECK(untold.tasks() == 1);
    CHECK(untold.groups().at(0).name == "started when nobody looked any more");
}

TEST_CASE("where no agent can be started threads are known, and the rest is said to be unknown") {
    // In a program of its own: here one runs.
    const std::string program = std::filesystem::read_symlink("/proc/self/exe");
    const std::string command = "TASKS_AGENT=off '" + program + "' '[.without-agent]' > /dev/null";
    CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("of a program without an agent", "[.without-agent]") {
    LeakCheck outer{at_once()};
    const StuckThread of_outer;
    {
        LeakCheck check{at_once()};
        CHECK(check.find().empty());
        const StuckThread stuck;
        const JobHandle unseen{"unseen"};
        const auto leaks = check.find();
        CHECK(leaks.tasks() == 1);
        CHECK(leaks.message().find("wait_for_ever") != std::string::npos);
        CHECK(has_note(leaks, "only threads are seen"));
        std::size_t inner = 0;
        std::thread{[&] {
            const StuckThread grandchild;
            inner = check.find().tasks();
        }}.join();
        CHECK(inner == 2);
    }
    CHECK(outer.find().tasks() == 1);
}
