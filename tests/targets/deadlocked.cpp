// deadlocked CASE: threads that wait for each other for ever, one way of many. Prints "ready PID" when they are started
// and ends at the end of stdin, but for `asleep` and `own_lock_alone`, in which nobody reads it. Each line that waits
// for ever is marked "waits:" and the word of its case. Built with the agent and, as deadlocked_plain, without.
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <thread>

#ifdef TASKS_TARGET_AGENT
#include <tasks/agent.hpp>
#endif

#include "settle.hpp"

namespace {

std::atomic<int> arrived{0};

/// Returns when `count` threads have come here.
void meet(int count) {
    arrived.fetch_add(1);
    while (arrived.load() < count)
        std::this_thread::yield();
}

void name_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

// Two mutexes in opposite order.
std::mutex accounts, ledger;

__attribute__((noinline)) void charge() {
    const std::lock_guard first{accounts};
    meet(2);
    const std::lock_guard second{ledger}; // waits: ab_ba
}

__attribute__((noinline)) void refund() {
    const std::lock_guard first{ledger};
    meet(2);
    const std::lock_guard second{accounts}; // waits: ab_ba
}

void ab_ba() {
    std::thread{[] { name_thread("charger"), charge(); }}.detach();
    std::thread{[] { name_thread("refunder"), refund(); }}.detach();
}

// The same with every kind of pthread mutex.
std::array<pthread_mutex_t, 2> pair;

void make_pair(int type, int protocol, int robust) {
    pthread_mutexattr_t attributes;
    ::pthread_mutexattr_init(&attributes);
    ::pthread_mutexattr_settype(&attributes, type);
    ::pthread_mutexattr_setprotocol(&attributes, protocol);
    ::pthread_mutexattr_setrobust(&attributes, robust);
    for (auto& mutex : pair)
        ::pthread_mutex_init(&mutex, &attributes);
}

__attribute__((noinline)) void lock_pair(std::size_t first) {
    ::pthread_mutex_lock(&pair[first]);
    meet(2);
    ::pthread_mutex_lock(&pair[1 - first]); // waits: kinds
    asm volatile("" ::: "memory");          // no tail call
}

void lock_pairs() {
    std::thread{[] { name_thread("charger"), lock_pair(0); }}.detach();
    std::thread{[] { name_thread("refunder"), lock_pair(1); }}.detach();
}

// One that has the mutex and waits for the other, which waits for the mutex. (Of mutexes that inherit priority the
// kernel finds AB-BA itself, and glibc then waits for a word that is no lock.)
void held_by_one() {
    static pthread_t other{};
    std::thread{[] {
        name_thread("charger");
        ::pthread_mutex_lock(&pair[0]);
        ::pthread_create(
            &other, nullptr,
            [](void*) -> void* {
                name_thread("refunder");
                ::pthread_mutex_lock(&pair[0]); // waits: inherits
                return nullptr;
            },
            nullptr);
        ::pthread_join(other, nullptr); // waits: inherits
        asm volatile("" ::: "memory");
    }}.detach();
}

// Three writers, each of which wants what the next has: to write, to read.
std::array<std::shared_mutex, 3> shelves;

__attribute__((noinline)) void take_shelf(std::size_t own) {
    const std::unique_lock first{shelves[own]};
    meet(3);
    if (own == 1) {
        const std::shared_lock second{shelves[(own + 1) % 3]}; // waits: rwlocks
    } else {
        const std::unique_lock second{shelves[(own + 1) % 3]}; // waits: rwlocks
    }
}

void rwlocks() {
    for (const std::size_t own : {0u, 1u, 2u})
        std::thread{[own] { name_thread("shelf"), take_shelf(own); }}.detach();
}

// A lock that it has itself.
__attribute__((noinline)) void lock_twice() {
    accounts.lock();
    accounts.lock(); // waits: own_lock
    asm volatile("" ::: "memory");
}

void own_lock() {
    std::thread{[] { name_thread("selfish"), lock_twice(); }}.detach();
}

// As in pthread_join of a C library that does not look whether the thread is the caller, as musl's: glibc's fails.
extern "C" __attribute__((noinline)) int thrd_join(unsigned long thread, int*) {
    const auto own = static_cast<unsigned>(targets::thread_id());
    auto* word = reinterpret_cast<unsigned*>(thread);
    while (*word != own)
        ++word;
    ::syscall(SYS_futex, word, FUTEX_WAIT, own, nullptr, nullptr, 0); // waits: own_join
    return 0;
}

void own_join() {
    std::thread{[] { name_thread("ouroboros"), thrd_join(::pthread_self(), nullptr); }}.detach();
}

// Two that join each other. glibc refuses the second join, unless the first thread is to be cancelled and cannot be.
std::array<std::atomic<pthread_t>, 2> couple;

__attribute__((noinline)) void join_other(std::size_t own) {
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    ::pthread_cancel(::pthread_self());
    couple[own].store(::pthread_self());
    meet(2);
    ::pthread_join(couple[1 - own].load(), nullptr); // waits: joins
    asm volatile("" ::: "memory");
}

void start(void* (*run)(void*), std::size_t number) {
    pthread_t thread{};
    ::pthread_create(&thread, nullptr, run, reinterpret_cast<void*>(number));
}

void joins() {
    for (const std::size_t own : {0u, 1u})
        start(
            [](void* number) -> void* {
                name_thread("couple");
                join_other(reinterpret_cast<std::size_t>(number));
                return nullptr;
            },
            own);
}

// Three that join the next.
std::array<std::atomic<pthread_t>, 3> ring;

__attribute__((noinline)) void join_next(std::size_t own) {
    ring[own].store(::pthread_self());
    meet(3);
    ::pthread_join(ring[(own + 1) % 3].load(), nullptr); // waits: join_ring
    asm volatile("" ::: "memory");
}

void join_ring() {
    for (std::size_t own = 0; own < ring.size(); ++own)
        start(
            [](void* number) -> void* {
                name_thread("ring");
                join_next(reinterpret_cast<std::size_t>(number));
                return nullptr;
            },
            own);
}

// A mutex whose owner has ended.
__attribute__((noinline)) void want_orphan() {
    const std::lock_guard lock{accounts}; // waits: orphan
}

void orphan() {
    std::thread{[] { accounts.lock(); }}.join();
    std::thread{[] { name_thread("heir"), want_orphan(); }}.detach();
}

// Two mutexes in opposite order, one of them a condition's, taken again after the condition was signalled.
std::condition_variable told;
bool is_told = false;

__attribute__((noinline)) void wait_told() {
    const std::lock_guard first{ledger};
    std::unique_lock lock{accounts};
    arrived.store(1);
    told.wait(lock, [] { return is_told; }); // waits: cond_again
}

__attribute__((noinline)) void tell() {
    while (arrived.load() == 0)
        std::this_thread::yield();
    const std::lock_guard lock{accounts};
    is_told = true;
    told.notify_all();
    const std::lock_guard second{ledger}; // waits: cond_again
}

void cond_again() {
    std::thread{[] { name_thread("waiter"), wait_told(); }}.detach();
    std::thread{[] { name_thread("teller"), tell(); }}.detach();
}

// Nobody will ever signal, and all others wait for whoever waits.
__attribute__((noinline)) void wait_never() {
    std::unique_lock lock{accounts};
    told.wait(lock, [] { return is_told; }); // waits: asleep
}

__attribute__((noinline)) void asleep() {
    std::thread sleeper{[] { name_thread("sleeper"), wait_never(); }};
    sleeper.join(); // waits: asleep
}

void say_ready() {
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
}

struct Case {
    std::string_view word;
    void (*start)();
};

constexpr std::array cases{
    Case{"ab_ba", ab_ba},
    Case{"rwlocks", rwlocks},
    Case{"own_lock", own_lock},
    Case{"own_join", own_join},
    Case{"joins", joins},
    Case{"join_ring", join_ring},
    Case{"orphan", orphan},
    Case{"cond_again", cond_again},
    Case{"normal", [] { make_pair(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED), lock_pairs(); }},
    Case{"adaptive",
         [] { make_pair(PTHREAD_MUTEX_ADAPTIVE_NP, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED), lock_pairs(); }},
    Case{"recursive",
         [] { make_pair(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED), lock_pairs(); }},
    Case{"errorcheck",
         [] { make_pair(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED), lock_pairs(); }},
    Case{"inherits",
         [] { make_pair(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED), held_by_one(); }},
    Case{"robust", [] { make_pair(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST), lock_pairs(); }},
};

} // namespace

int main(int argc, char** argv) {
#ifdef TASKS_TARGET_AGENT
    const tasks::Agent agent{{.name = "deadlocked"}};
#endif
    const std::string_view word = argc > 1 ? argv[1] : "";
    if (word == "asleep" || word == "own_lock_alone") {
        say_ready();
        word == "asleep" ? asleep() : lock_twice();
        return 1;
    }
    for (const auto& one : cases) {
        if (one.word == word) {
            one.start();
            say_ready();
            while (std::getchar() != EOF) {
            }
            ::_exit(0);
        }
    }
    std::fprintf(stderr, "usage: deadlocked CASE\n");
    return 2;
}
