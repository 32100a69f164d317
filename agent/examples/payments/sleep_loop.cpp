// A loop sleeps, looks for something that never comes, and sleeps again, for ever.
// Repaired: it gives up at a deadline, and its sleep ends at once when asked to stop.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "cause.hpp"

namespace {

using namespace std::chrono_literals;

struct Delivery {
    std::atomic<bool> reached{false};
    std::atomic<bool> delivered{false};
};

} // namespace

void leak_by_sleep_loop(Stuck& stuck) {
    auto delivery = std::make_shared<Delivery>();
    std::thread{[delivery, begun = tasks::SourcePlace::here()] {
        tasks::Job job{"deliver receipt", begun};
        tasks::Wait wait{tasks::wait_reason::sleep, delivery.get(), "retry"};
        while (!delivery->delivered) { // the leak: nobody ever delivers it
            delivery->reached = true;
            std::this_thread::sleep_for(100ms);
        }
    }}.detach();
    stuck.when([delivery] { return delivery->reached.load(); });
}

void ended_sleep(const std::stop_token& stop) {
    tasks::Job job{"deliver receipt"};
    const Delivery delivery;
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock{mutex};
    tasks::Wait wait{tasks::wait_reason::sleep, &delivery, "retry"};
    changed.wait_for(lock, stop, 50ms, [&] { return delivery.delivered.load(); });
}
