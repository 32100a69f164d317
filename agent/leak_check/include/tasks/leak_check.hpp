// Leak checks for tests: which tasks were started in a scope and still live at its end.
//
//     TEST_CASE("orders are settled") {
//         tasks::LeakCheck check;
//         settle_orders();
//         const auto leaks = check.find();
//         INFO(leaks.message());
//         CHECK(leaks.empty());
//     }
//
// <tasks/leak_check_catch2.hpp>, <tasks/leak_check_gtest.hpp> and <tasks/leak_check_doctest.hpp> do it for each test of
// a program. What a task starts is in the task's own scope, so tests may run in parallel threads of one program: each
// check tells of its own. Threads are known by a watch on pthread_create(), jobs, coroutines and fibers by the agent's
// table; coroutines that nobody registers are seen where LeakOptions::scan_memory() asks for it.
// The program must be linked with Tasks::leak_check. The first check starts an agent, which stays; where none can be
// started, threads are known all the same, and LeakReport::notes() says what is not.
// Any thread, not in signal handlers. Needs C++20.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace tasks {

/// A place in the source; empty or 0: not known.
struct LeakPlace {
    std::string function;
    std::string file;
    unsigned line = 0;
};

/// Leaked tasks that are alike: same kind, state, place and creator.
struct LeakGroup {
    std::string kind;              ///< "thread", "coroutine", "fiber", "job"
    std::string state;             ///< "waiting", "running", "runnable", "done", "finished, never joined", "unknown"
    std::string reason;            ///< why it waits: "chan send", "mutex", ...; "" it does not, or it is not known
    std::string object;            ///< the name of what it waits on; "" none
    std::string name;              ///< `outer > inner` of its jobs, or the thread's; "" where they differ
    std::vector<LeakPlace> frames; ///< innermost first, with the coroutines that await; may be empty
    std::string no_frames;         ///< why there are none; "" there are, or it is not known
    std::optional<LeakPlace> waits_at;   ///< the site of the wait, where no frame tells it
    std::optional<LeakPlace> created_by; ///< who started it
    std::vector<std::string> labels;     ///< "request=8431", at most three, the oldest tasks' first
    std::size_t count = 0;
    std::optional<std::chrono::nanoseconds> youngest; ///< how long in this state; empty: not known
    std::optional<std::chrono::nanoseconds> oldest;
    bool last_ran = false; ///< both tell when they last ran: since when they wait is not known
};

/// What a check found. A value.
class LeakReport {
public:
    bool empty() const noexcept { return groups_.empty(); }
    explicit operator bool() const noexcept { return !empty(); }

    std::size_t tasks() const noexcept;                                       ///< leaked ones, of all groups
    const std::vector<LeakGroup>& groups() const noexcept { return groups_; } ///< biggest first
    /// A sentence each: what could not be seen, which ignored pattern matched nothing.
    const std::vector<std::string>& notes() const noexcept { return notes_; }

    /// For people, one screen at the most: the first ten groups with their first eight frames, and what is left out in
    /// numbers. Without leaks the notes, or "".
    std::string message() const;

private:
    friend class LeakReportBuilder;
    std::vector<LeakGroup> groups_;
    std::vector<std::string> notes_;
};

namespace leaks {
class Options;
class Scope;
} // namespace leaks

/// What counts as a leak, and how long to wait. A value; the setters can be chained.
/// A pattern of a function or a name is exact: `net::Server::accept` is neither `accept` nor `net::Server::accept_all`;
/// parameters may be left out, and * stands for any characters. A pattern that matched no living task is told among
/// the notes.
class LeakOptions {
public:
    LeakOptions();
    LeakOptions(const LeakOptions&);
    LeakOptions& operator=(const LeakOptions&);
    ~LeakOptions();

    /// Tasks whose innermost frame is in that function; of a coroutine that which is suspended.
    LeakOptions& ignore_top_function(std::string_view function);
    /// Tasks with that function anywhere in their stack.
    LeakOptions& ignore_any_function(std::string_view function);
    /// Tasks that were started in that function: of a thread any function of the call that made it.
    LeakOptions& ignore_created_by(std::string_view function);
    /// Tasks with that name: of the job, coroutine or fiber (or its outermost job), of the thread.
    LeakOptions& ignore_name(std::string_view name);
    /// Tasks with that label; "" as text: with any text.
    LeakOptions& ignore_label(std::string_view key, std::string_view text = {});
    /// Threads that a library made by itself, by the name of its file: "libtbb.so*". For those without symbols.
    LeakOptions& ignore_library(std::string_view file);
    /// All tasks that live at this call, which starts an agent where none runs. For find_leaks() and verify_...(); a
    /// LeakCheck does so by itself.
    LeakOptions& ignore_current();
    /// More patterns, from a file, one a line: `top FUNCTION`, `any FUNCTION`, `created_by FUNCTION`, `name NAME`,
    /// `label KEY=TEXT`, `library FILE`; # begins a comment. A file that cannot be read, or a line that is none of
    /// these, is told among the notes. Those of the file that TASKS_LEAK_IGNORE in the environment names are read as
    /// well.
    LeakOptions& ignore_from(std::string_view path);

    /// Called once after the last look, printed or not, with what verify_test_main() is about to return, verify_none()
    /// with 0, at the end of a run of a framework with 1 if it failed: goleak's Cleanup. find_leaks() notes that it
    /// does not call it.
    LeakOptions& cleanup(void (*function)(int status));
    /// verify_test_main() looks for leaks after failed tests too.
    LeakOptions& run_on_failure(bool yes = true);
    /// How long tasks that are ending are waited for: up to 21 looks within 431 ms unless told otherwise. The first
    /// clean look ends it. 0: one look.
    LeakOptions& timeout(std::chrono::nanoseconds patience);
    /// Looks until then, or until a clean one, instead of a timeout, unless that is given as well.
    LeakOptions& until(std::stop_token stop);
    /// Tasks of all scopes: what began since, whoever started it.
    LeakOptions& whole_process(bool yes = true);
    /// Coroutines that nobody registers, too, by their frames in memory: those that are suspended or have finished,
    /// were made since and are there at every look. A program of 100 MiB is scanned in 60 to 100 ms, most of it for its
    /// symbols: once when the check is made, once by a find() that is clean, two or three times by one that is not.
    /// How sure: told is what fills a piece of memory that malloc gave out and did not get back; of frames elsewhere,
    /// in a pool of the program's own, old bytes look like living ones: the notes have their number. Not known is the
    /// scope: each check tells what anybody made since it began. Not seen is one made at the address of another one of
    /// its function that lived when the check began, and those of modules that are stripped, which the notes tell.
    LeakOptions& scan_memory(bool yes = true);

    bool all_on_failure() const noexcept; ///< run_on_failure() was asked for
    void clean_up(int status) const;      ///< calls what cleanup() was given, if anything
    const leaks::Options& all() const noexcept { return *options_; }

private:
    std::unique_ptr<leaks::Options> options_;
};

/// A scope: what the present task starts from here on, and what that starts, until the object goes. Remembers nothing
/// but a number. Checks may be nested: the outer one tells of the inner one's tasks, too. Ends on the task that began
/// it, which may be a coroutine that went on on another thread. In a forked child it finds nothing, and says why.
class LeakCheck {
public:
    explicit LeakCheck(LeakOptions options = {});
    /// Looks for nothing, prints nothing: a check whose find() is not called is none.
    ~LeakCheck();
    LeakCheck(const LeakCheck&) = delete;
    LeakCheck& operator=(const LeakCheck&) = delete;

    /// What was started in the scope, is not ignored and still lives after the last look. The calling thread and the
    /// coroutine that it runs do not count. A clean look at 1,000 other tasks takes some 10 us. Never throws but for
    /// want of memory.
    LeakReport find();

private:
    std::unique_ptr<leaks::Scope> scope_;
};

/// All tasks of the process but the calling one, the main thread and those that are ignored.
LeakReport find_leaks(const LeakOptions& options = {});

/// The same, printed to standard error where there are leaks. True: there were none.
bool verify_none(const LeakOptions& options = {});

/// For the end of main(): `return tasks::verify_test_main(Catch::Session().run(argc, argv));`. After success it looks
/// for tasks of the whole process that no check has told yet, prints them to standard error, and makes 1 of a status of
/// 0. A status other than 0 is returned as it is; with run_on_failure() the leaks are printed before.
int verify_test_main(int status, const LeakOptions& options = {});

/// All tasks that no check has told yet.
LeakReport find_untold_leaks(const LeakOptions& options = {});

/// For the ends of runs of frameworks that cannot fail one there: as verify_test_main(), but what is found is told and
/// becomes the exit status by fail_at_exit().
void verify_at_exit(bool failed, const LeakOptions& options = {});

/// From now on exit() makes 1 of a status of 0, after all that is done at the program's end. _exit() does not.
void fail_at_exit() noexcept;

/// The threads that libraries keep for themselves, which are always ignored, as lines of ignore_from().
const std::vector<std::string>& leaks_ignored_always();

} // namespace tasks
