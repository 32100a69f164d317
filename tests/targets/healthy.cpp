// healthy CASE: threads that are busy with each other and make progress, in ways that look like deadlocks when threads
// are seen one after the other. The main thread joins them: nothing in the process waits for anything outside it, but
// where the case says so. Prints "ready PID" and works until it is killed. Built with the agent and, as healthy_plain,
// without.
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <string_view>
#include <thread>
#include <vector>

#ifdef TASKS_TARGET_AGENT
#include <tasks/agent.hpp>
#endif

namespace {

using Threads = std::vector<std::thread>;

std::atomic<std::uint64_t> work{0};

void do_some() {
    for (int at = 0; at < 200; ++at)
        work.fetch_add(1, std::memory_order_relaxed);
}

// Two that hand a ball to each other: one of them always waits.
void ping_pong(Threads& threads) {
    static std::mutex mutex;
    static std::condition_variable changed;
    static int turn = 0;
    for (const int own : {0, 1})
        threads.emplace_back([own] {
            for (;;) {
                std::unique_lock lock{mutex};
                changed.wait(lock, [own] { return turn == own; });
                do_some();
                turn = 1 - own;
                changed.notify_all();
            }
        });
}

// Many that take two locks of eight, always the lower first, and hold them for a while.
void ordered_locks(Threads& threads) {
    static std::array<std::mutex, 8> locks;
    for (std::size_t own = 0; own < 8; ++own)
        threads.emplace_back([own] {
            for (std::size_t at = own;; at += 3) {
                const auto one = at % 8, other = (at + 1 + own % 7) % 8;
                if (one == other)
                    continue;
                const std::lock_guard low{locks[std::min(one, other)]};
                do_some();
                const std::lock_guard high{locks[std::max(one, other)]};
                do_some();
            }
        });
}

// Readers and writers of two, in one order.
void readers_and_writers(Threads& threads) {
    static std::shared_mutex outer, inner;
    for (int own = 0; own < 6; ++own)
        threads.emplace_back([own] {
            for (;;) {
                if (own % 3 == 0) {
                    const std::unique_lock first{outer};
                    do_some();
                    const std::unique_lock second{inner};
                    do_some();
                } else {
                    const std::shared_lock first{outer};
                    const std::shared_lock second{inner};
                    do_some();
                }
            }
        });
}

// Two locks in opposite order, but whoever does not get the second in time gives up the first.
void backing_off(Threads& threads) {
    static std::array<std::timed_mutex, 2> locks;
    for (const std::size_t own : {0u, 1u})
        threads.emplace_back([own] {
            for (;;) {
                const std::lock_guard first{locks[own]};
                do_some();
                if (locks[1 - own].try_lock_for(std::chrono::milliseconds(own == 0 ? 5 : 50))) {
                    do_some();
                    locks[1 - own].unlock();
                }
            }
        });
}

// A queue with two ends, both full and empty all the time.
void queue(Threads& threads) {
    static std::mutex mutex;
    static std::condition_variable changed;
    static std::deque<int> items;
    for (int own = 0; own < 3; ++own) {
        threads.emplace_back([] {
            for (;;) {
                std::unique_lock lock{mutex};
                changed.wait(lock, [] { return items.size() < 2; });
                items.push_back(1);
                changed.notify_all();
            }
        });
        threads.emplace_back([] {
            for (;;) {
                {
                    std::unique_lock lock{mutex};
                    changed.wait(lock, [] { return !items.empty(); });
                    items.pop_front();
                    changed.notify_all();
                }
                do_some();
            }
        });
    }
}

// Threads that start others and join them.
void joining(Threads& threads) {
    for (int own = 0; own < 3; ++own)
        threads.emplace_back([] {
            for (;;)
                std::thread{[] { std::thread{do_some}.join(); }}.join();
        });
}

// All wait for a semaphore that a signal's handler posts, every 50 ms: a signal comes from outside.
void signalled(Threads& threads) {
    static sem_t semaphore;
    ::sem_init(&semaphore, 0, 0);
    struct sigaction action{};
    action.sa_handler = [](int) { ::sem_post(&semaphore); };
    ::sigaction(SIGALRM, &action, nullptr);
    const itimerval every{{0, 50'000}, {0, 50'000}};
    ::setitimer(ITIMER_REAL, &every, nullptr);
    for (int own = 0; own < 3; ++own)
        threads.emplace_back([] {
            for (;;)
                if (::sem_wait(&semaphore) == 0)
                    do_some();
        });
}

// One waits for a byte, the others for what it does then. The writer is one of them.
void pipes(Threads& threads) {
    static std::array<int, 2> pipe{-1, -1};
    static sem_t semaphore;
    ::sem_init(&semaphore, 0, 1);
    if (::pipe(pipe.data()) != 0)
        return;
    threads.emplace_back([] {
        for (char byte = 0;;)
            if (::read(pipe[0], &byte, 1) == 1)
                ::sem_post(&semaphore);
    });
    for (int own = 0; own < 2; ++own)
        threads.emplace_back([] {
            for (;;) {
                while (::sem_wait(&semaphore) != 0) {
                }
                do_some();
                if (::write(pipe[1], "x", 1) != 1)
                    return;
            }
        });
}

struct Case {
    std::string_view word;
    void (*start)(Threads&);
};

constexpr std::array cases{
    Case{"ping_pong", ping_pong},
    Case{"ordered_locks", ordered_locks},
    Case{"readers", readers_and_writers},
    Case{"backing_off", backing_off},
    Case{"queue", queue},
    Case{"joining", joining},
    Case{"signalled", signalled},
    Case{"pipes", pipes},
};

} // namespace

int main(int argc, char** argv) {
#ifdef TASKS_TARGET_AGENT
    const tasks::Agent agent{{.name = "healthy"}};
#endif
    const std::string_view word = argc > 1 ? argv[1] : "";
    Threads threads;
    for (const auto& one : cases)
        if (one.word == word)
            one.start(threads);
    if (threads.empty()) {
        std::fprintf(stderr, "usage: healthy CASE\n");
        return 2;
    }
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    for (auto& thread : threads)
        thread.join();
}
