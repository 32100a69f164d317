// life_threads COUNT PER_SECOND: starts and ends so many threads at that rate, each with a job, a wait and a queued
// job, while it is looked at; says what is left of them.
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "life_host.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr long lanes = 2; // threads that start others

void short_life(std::atomic<long>& lived) {
    const tasks::Job job{"short"};
    tasks::JobHandle queued{"queued"};
    const tasks::Wait wait{tasks::wait_reason::sleep};
    lived.fetch_add(1);
}

void start_them(long threads, std::chrono::nanoseconds between, std::atomic<long>& lived) {
    auto next = Clock::now();
    for (long at = 0; at < threads; ++at) {
        std::thread{short_life, std::ref(lived)}.join();
        next += between;
        if (next > Clock::now())
            std::this_thread::sleep_until(next);
    }
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    const long threads = std::strtol(how[0], nullptr, 10) / lanes;
    const std::chrono::nanoseconds between{1'000'000'000L * lanes / std::max(1L, std::strtol(how[1], nullptr, 10))};
    {
        const tasks::Agent agent;
        const tasks::Job job{"main"};
        std::atomic<long> lived{0};
        start_them(500, {}, lived); // what memory it takes is taken now
        const int alone = agent.error().empty() ? 2 : 1;
        life::wait_for_threads(alone);
        life::pause("warm");
        const auto begun = Clock::now();
        {
            std::vector<std::jthread> starters;
            for (long at = 0; at < lanes; ++at)
                starters.emplace_back(start_them, threads, between, std::ref(lived));
            life::pause("storm");
        }
        life::say("%ld lived\n", lived.load());
        const std::chrono::duration<double> took = Clock::now() - begun;
        life::say("at rate %.0f\n", static_cast<double>(lanes * threads) / took.count());
        life::wait_for_threads(alone);
        life::pause("over");
    }
    life::report("after");
    return 0;
}
