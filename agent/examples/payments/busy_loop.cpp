// A loop asks again and again for something that never comes, and never sleeps.
// Repaired: it ends after a few tries, or when asked to stop.

#include <atomic>
#include <memory>
#include <thread>

#include <tasks/job.hpp>

#include "cause.hpp"

namespace {

struct Settlement {
    std::atomic<bool> reached{false};
    std::atomic<bool> settled{false};
};

} // namespace

void leak_by_busy_loop(Stuck& stuck) {
    auto settlement = std::make_shared<Settlement>();
    std::thread{[settlement, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"settle", begun};
        settlement->reached = true;
        while (!settlement->settled) { // the leak: nobody ever settles it
        }
    }}.detach();
    stuck.when([settlement] { return settlement->reached.load(); }, true);
}

void ended_loop(const std::stop_token& stop) {
    tasks::Job job{"settle"};
    const Settlement settlement;
    for (int tries = 0; tries < 100 && !settlement.settled && !stop.stop_requested(); ++tries)
        std::this_thread::yield();
}
