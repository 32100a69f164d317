#include "capture/proc_threads.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <catch2/catch.hpp>

#include <sys/syscall.h>
#include <unistd.h>

using namespace tasks::inspect;
using tasks::protocol::Capture;

TEST_CASE("a syscall line is read") {
    ThreadFacts thread;
    REQUIRE(parse_syscall("202 0x1 0x2 0x3 0x4 0x5 0xdeadbeef12345678 0x7ffd0000 0x7f001234\n", thread));
    CHECK(thread.syscall == 202);
    CHECK(thread.arguments[5] == 0xdeadbeef12345678);
    CHECK(thread.sp == 0x7ffd0000);
    CHECK(thread.pc == 0x7f001234);
    REQUIRE(parse_syscall("-1 0x7ffd0000 0x7f001234\n", thread));
    CHECK(thread.syscall == -1);
    CHECK(thread.arguments[5] == 0);
    CHECK(thread.sp == 0x7ffd0000);
}

TEST_CASE("a syscall line that is not one is refused") {
    ThreadFacts thread;
    for (const auto* wrong : {"", "running", "0", "0 0x1 0x2", "-1", "-1 0x1", "x 0x1 0x2", "99999999999999 0x1 0x2"}) {
        CHECK_FALSE(parse_syscall(wrong, thread));
    }
}

namespace {

/// A thread of this process, blocked on a condition until the end of the scope.
class BlockedThread {
public:
    BlockedThread() : thread_([this] { wait(); }) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return tid_ != 0; });
    }
    ~BlockedThread() {
        {
            const std::lock_guard lock{mutex_};
            end_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    std::uint32_t tid() const { return tid_; }

private:
    void wait() {
        std::unique_lock lock{mutex_};
        tid_ = static_cast<std::uint32_t>(::syscall(SYS_gettid));
        ::pthread_setname_np(::pthread_self(), "blocked");
        changed_.notify_all();
        changed_.wait(lock, [this] { return end_; });
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint32_t tid_ = 0;
    bool end_ = false;
    std::thread thread_;
};

Snapshot threads_of_this_process(const ThreadsAsked& asked) {
    const SystemClock clock;
    const auto world = this_machine(clock);
    MemoryWatch watch;
    Snapshot snapshot;
    auto mine = asked;
    mine.pid = static_cast<std::uint32_t>(::getpid());
    read_threads(world, mine, Deadline{clock, 60'000'000'000}, watch, snapshot);
    return snapshot;
}

const ThreadFacts* find(const Snapshot& snapshot, std::uint32_t tid) {
    const auto found = std::ranges::find(snapshot.threads, tid, &ThreadFacts::tid);
    return found == snapshot.threads.end() ? nullptr : &*found;
}

} // namespace

TEST_CASE("a blocked thread is captured from outside with its wait and its stack") {
    const BlockedThread blocked;
    // It has let go of the mutex and is about to block: look until it has.
    for (int tries = 0; tries < 3000; ++tries) {
        const auto snapshot = threads_of_this_process({});
        REQUIRE(snapshot.threads_known);
        const auto* thread = find(snapshot, blocked.tid());
        REQUIRE(thread != nullptr);
        if (thread->capture == Capture::not_permitted) {
            WARN("/proc/PID/task/TID/syscall may not be read here");
            return;
        }
        if (thread->capture == Capture::captured && thread->syscall == SYS_futex) {
            CHECK(thread->name == "blocked");
            CHECK(thread->stack.size() >= 256);
            CHECK(thread->stack.size() <= tasks::protocol::default_stack_bytes);
            CHECK(thread->pc != 0);
            return;
        }
        ::usleep(10'000);
    }
    FAIL("the thread was never found blocked");
}

TEST_CASE("the agent's thread is left out, by its number or by its name") {
    const BlockedThread blocked;
    CHECK(find(threads_of_this_process({0, blocked.tid(), true, 0}), blocked.tid()) == nullptr);
    CHECK(find(threads_of_this_process({0, 0, true, 0}), blocked.tid()) != nullptr);
}

TEST_CASE("threads whose turn does not come are listed as such") {
    const SystemClock clock;
    const auto world = this_machine(clock);
    MemoryWatch watch;
    Snapshot snapshot;
    read_threads(world, {static_cast<std::uint32_t>(::getpid()), 0, true, 0}, Deadline{clock, 0}, watch, snapshot);
    REQUIRE_FALSE(snapshot.threads.empty());
    CHECK(std::ranges::all_of(snapshot.threads, [](const auto& one) { return one.capture == Capture::deadline; }));
}

TEST_CASE("a process that is not there has no threads, and that is said") {
    const SystemClock clock;
    const auto world = this_machine(clock);
    MemoryWatch watch;
    Snapshot snapshot;
    read_threads(world, {4'194'304, 0, true, 0}, Deadline{clock, 1'000'000'000}, watch, snapshot);
    CHECK_FALSE(snapshot.threads_known);
    CHECK(snapshot.incomplete.size() == 1);
}
