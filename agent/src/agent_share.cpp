#include "agent_share.hpp"

#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <mutex>
#include <utility>

#include "clock.hpp"
#include "not_cancelled.hpp"
#include "pinned_code.hpp"
#include "run.hpp"
#include "way_out.hpp"
#include "wiped_page.hpp"

namespace tasks::agent {
namespace {

/// All zero in a forked child, and valid then.
struct Shared {
    std::mutex mutex;                 // of those who come and go
    std::atomic<bool> changes;        // one of them starts or stops the run
    std::atomic<std::uint32_t> forks; // under way, each begun while nothing changed
    Run* run;
    std::uint64_t number;
    std::uint64_t users;
};
WipedPage<Shared> shared_page;

/// The same in memory that a child keeps: what its parent had.
struct Inheritance {
    Run* run = nullptr; // this and the number: written while `changes`, read in children forked while it was not
    std::uint64_t number = 0;
    std::atomic<std::uint64_t> users = 0;
} inheritance;

constinit thread_local bool forking = false;

/// Starting or stopping; the mutex is held. Forks that have begun are waited for, so that no child sees a run half
/// made; one that begins now does not wait: its child gets nothing. Not for ever: a fork handler of the host's may wait
/// for a lock that the caller holds.
class Change {
public:
    explicit Change(Shared& shared) noexcept : shared_(shared) {
        constexpr int most_waits = 10'000;
        constexpr timespec one_wait{.tv_sec = 0, .tv_nsec = 100'000};
        shared_.changes.store(true);
        for (int waits = 0; shared_.forks.load() != 0 && waits < most_waits; ++waits)
            ::nanosleep(&one_wait, nullptr);
        inheritance.run = nullptr; // for the child of a fork that took longer
    }
    ~Change() {
        inheritance.run = shared_.run;
        inheritance.number = shared_.number;
        shared_.changes.store(false);
    }
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

private:
    Shared& shared_;
};

void set_users(Shared& shared, std::uint64_t users) noexcept {
    shared.users = users;
    inheritance.users.store(users);
}

void before_fork() noexcept {
    Shared* shared = shared_page.get();
    if (shared == nullptr)
        return;
    shared->forks.fetch_add(1);
    // Without a run of this process there is nothing to leave: what a child of raw clone() inherited is its parent's.
    forking = !shared->changes.load() && shared->run != nullptr;
    if (!forking)
        shared->forks.fetch_sub(1);
}

void after_fork_in_parent() noexcept {
    if (std::exchange(forking, false))
        shared_page.get()->forks.fetch_sub(1);
}

bool switched_off() noexcept {
    const char* value = std::getenv("TASKS_AGENT");
    return value != nullptr && std::strcmp(value, "off") == 0;
}

/// What hinders it is forgotten: an Agent that is made in the child tries again, and tells.
void start_in_child(const AgentOptions& options, std::uint64_t number, std::uint64_t users) noexcept {
    Shared& shared = *shared_page.get();
    const Change change{shared};
    try {
        std::string problem;
        auto run = Run::start(options, problem);
        if (!run)
            return;
        shared.run = run->release();
        shared.number = number;
        set_users(shared, users);
    } catch (const std::exception&) {
    }
}

void after_fork_in_child() noexcept {
    if (!std::exchange(forking, false))
        return;
    const NotCancelled scope;
    Run* parents = std::exchange(inheritance.run, nullptr);
    const std::uint64_t number = std::exchange(inheritance.number, 0);
    const std::uint64_t users = inheritance.users.exchange(0);
    if (parents == nullptr)
        return;
    const int kept = errno;
    parents->abandon();
    if (parents->options().start_after_fork && !switched_off())
        start_in_child(parents->options(), number, users);
    delete parents;
    errno = kept;
}

/// At exit() with an Agent still alive (on another thread's stack, or never destroyed), the files go.
void remove_files() noexcept {
    Shared* shared = shared_page.get();
    if (shared == nullptr || !shared->mutex.try_lock())
        return;
    if (shared->run != nullptr)
        shared->run->remove_files();
    shared->mutex.unlock();
}

struct Farewell {
    ~Farewell() { remove_files(); }
} farewell;

/// Once a process; a child inherits it.
void prepare_process() noexcept {
    // Not within the once: it takes the loader's lock, which a thread may hold whose dlopen() makes an Agent, and
    // waits.
    static std::atomic<bool> pinned{false};
    if (!pinned.load()) {
        pin_code();
        pinned.store(true);
    }
    static pthread_once_t once = PTHREAD_ONCE_INIT; // unlike a static local's guard it is open in a forked child
    ::pthread_once(&once, [] {
        ::pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
        std::at_quick_exit(remove_files);
    });
}

/// Joins the run there is or starts one; its number, 0 where nothing runs.
std::uint64_t join_or_start(const AgentOptions& options, std::string& problem) {
    Shared* shared = shared_page.make();
    if (shared == nullptr) {
        const int error = errno;
        problem = std::string("the agent has no page that a forked child does not inherit (MADV_WIPEONFORK): ") +
                  std::strerror(error);
        problem += error == EINVAL ? "; it needs Linux 4.14 or newer" : way_out(error);
        return 0;
    }
    prepare_process();
    const std::lock_guard lock{shared->mutex};
    if (shared->run == nullptr) {
        const Change change{*shared};
        auto run = Run::start(options, problem);
        if (!run) {
            problem = run.error();
            return 0;
        }
        shared->run = run->release();
        shared->number = now_ns();
    } else {
        problem = shared->run->problem();
    }
    set_users(*shared, shared->users + 1);
    return shared->number;
}

void tell_no_memory(std::string& problem) noexcept {
    try {
        problem = "the agent cannot start: no memory";
        problem += way_out(ENOMEM);
    } catch (const std::bad_alloc&) {
        problem = "no memory"; // a text so short takes none
    }
}

} // namespace

std::uint64_t take_share(const AgentOptions& options, std::string& problem) noexcept {
    const NotCancelled scope;
    try {
        if (!switched_off())
            return join_or_start(options, problem);
        problem = "switched off by TASKS_AGENT=off";
    } catch (const std::bad_alloc&) {
        tell_no_memory(problem);
    } catch (const std::exception& error) {
        try {
            problem = error.what();
        } catch (...) {
        }
    }
    return 0;
}

void give_share(std::uint64_t number) noexcept {
    const NotCancelled scope;
    Shared* shared = shared_page.get();
    if (number == 0 || shared == nullptr)
        return;
    const std::lock_guard lock{shared->mutex};
    if (shared->number != number || shared->users == 0)
        return; // of the parent's run, before a fork
    set_users(*shared, shared->users - 1);
    if (shared->users != 0)
        return;
    const Change change{*shared};
    Run* run = std::exchange(shared->run, nullptr);
    shared->number = 0;
    if (run->stop())
        delete run;
}

} // namespace tasks::agent
