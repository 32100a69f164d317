// life_exit HOW: a host that ends in every way there is: return, thread (exit() on another one), quick, now (_exit),
// abort, main (pthread_exit of the main thread), late (jobs in static destructors). Other threads are in jobs and waits
// meanwhile, and begin and end them without rest.
#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "life_host.hpp"

namespace {

constexpr int workers = 8;
thread_local char much_of_its_own[300 * 1024]; // more than a small thread has room for: each gets it on its stack

void work_for_ever(std::latch& begun) {
    const tasks::Job job{"worker"};
    begun.count_down();
    for (;;) {
        ++much_of_its_own[sizeof much_of_its_own - 1];
        const tasks::Job inner{"step"};
        tasks::JobHandle queued{"queued"};
        const tasks::Wait wait{tasks::wait_reason::sleep, &begun, "step"};
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

void wait_for_ever(std::latch& begun) {
    const tasks::Job job{"waiter"};
    const tasks::Wait wait{tasks::wait_reason::nil};
    begun.count_down();
    for (;;)
        ::pause();
}

void start_threads() {
    static std::latch begun{2 * workers};
    for (int at = 0; at < workers; ++at) {
        std::thread{work_for_ever, std::ref(begun)}.detach();
        std::thread{wait_for_ever, std::ref(begun)}.detach();
    }
    begun.wait();
}

/// Lives longer than the agent, and uses jobs to its end.
struct Late {
    tasks::JobHandle handle;
    ~Late() {
        const tasks::Job job{"late"};
        handle = tasks::JobHandle{"late too"};
        handle.waits(tasks::wait_reason::timer);
        life::say("late: %zu tasks\n", tasks::count());
    }
};

int late() {
    static Late first;
    static tasks::Agent agent;
    first.handle = tasks::JobHandle{"of the agent's time"};
    life::pause("running");
    return 4;
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    const rlimit no_core{};
    ::setrlimit(RLIMIT_CORE, &no_core);
    if (how.is(0, "late"))
        return late();
    static const tasks::Agent stopped_at_exit;
    static const auto* never_stopped = new tasks::Agent;
    life::say("%s\n", never_stopped->error().empty() ? "at joined" : "at apart");
    start_threads();
    const tasks::Job job{"main"};
    life::pause("running");
    if (how.is(0, "thread"))
        std::thread{[] { std::exit(5); }}.join();
    if (how.is(0, "quick"))
        std::quick_exit(6);
    if (how.is(0, "now"))
        ::_exit(7);
    if (how.is(0, "abort"))
        std::abort();
    if (how.is(0, "main")) {
        std::thread{[main = ::pthread_self()] {
            ::pthread_join(main, nullptr);
            life::pause("headless");
            std::exit(8);
        }}.detach();
        ::pthread_exit(nullptr);
    }
    return 3;
}
