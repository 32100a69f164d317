// blocked [THREADS]: 1,000 threads that stand still at several depths in several waits, beside the main thread.
// Prints "ready PID" when all of them do, ends at the end of stdin. Built with the agent and, as blocked_plain,
// without.
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#ifdef TASKS_TARGET_AGENT
#include <tasks/agent.hpp>
#endif

#include "settle.hpp"

namespace {

struct Waits {
    std::mutex taken;
    std::mutex mutex;
    std::condition_variable condition;
    sem_t semaphore{};
    std::array<int, 2> pipe{-1, -1};
    int epoll = -1;
};

using Wait = void (*)(Waits&);

constexpr std::array<Wait, 7> waits{
    [](Waits& on) { std::lock_guard lock{on.taken}; },
    [](Waits& on) {
        std::unique_lock lock{on.mutex};
        on.condition.wait(lock, [] { return false; });
    },
    [](Waits& on) { ::sem_wait(&on.semaphore); },
    [](Waits& on) {
        char byte = 0;
        [[maybe_unused]] const ssize_t got = ::read(on.pipe[0], &byte, 1);
    },
    [](Waits& on) {
        pollfd entry{.fd = on.pipe[0], .events = POLLIN, .revents = 0};
        ::poll(&entry, 1, -1);
    },
    [](Waits& on) {
        epoll_event event{};
        ::epoll_wait(on.epoll, &event, 1, -1);
    },
    [](Waits&) {
        const timespec day{.tv_sec = 86400, .tv_nsec = 0};
        ::nanosleep(&day, nullptr);
    },
};

__attribute__((noinline)) int descend(int depth, Wait wait, Waits& on) {
    volatile int frames = 1; // used after the call: no tail call
    if (depth == 0)
        wait(on);
    else
        frames = frames + descend(depth - 1, wait, on);
    return frames;
}

} // namespace

int main(int argc, char** argv) {
#ifdef TASKS_TARGET_AGENT
    const tasks::Agent agent{{.name = "blocked"}};
    if (!agent.error().empty())
        std::fprintf(stderr, "%.*s\n", static_cast<int>(agent.error().size()), agent.error().data());
#endif
    static Waits on;
    ::sem_init(&on.semaphore, 0, 0);
    on.epoll = ::epoll_create1(EPOLL_CLOEXEC);
    if (::pipe(on.pipe.data()) != 0 || on.epoll < 0)
        return 1;
    on.taken.lock();
    const std::size_t threads = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
    static std::vector<int> tids(threads);
    static std::atomic<std::size_t> started{0};
    for (std::size_t at = 0; at < threads; ++at)
        std::thread([at] {
            tids[at] = targets::thread_id();
            started.fetch_add(1);
            descend(3 + static_cast<int>(at % 5) * 4, waits[at % waits.size()], on);
        }).detach();
    while (started.load() != threads)
        std::this_thread::yield();
    targets::wait_until_blocked(tids);
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    ::_exit(0);
}
