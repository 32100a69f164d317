// One early return forgets to unlock the ledger: all who come after are stuck in lock.
// Repaired: a scoped lock.

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "cause.hpp"

namespace {

struct Ledger {
    std::mutex mutex;
    unsigned entries = 0;
};

enum class Entry { valid, invalid };

void lock(std::mutex& mutex) {
    tasks::Wait wait{tasks::wait_reason::mutex, &mutex, "ledger"};
    mutex.lock();
}

void write_down(Ledger& ledger, Entry entry) {
    lock(ledger.mutex);
    if (entry == Entry::invalid)
        return; // the leak: the ledger stays locked
    ++ledger.entries;
    ledger.mutex.unlock();
}

/// Never destroyed: stuck threads hold it.
Ledger& spoilt_ledger() {
    static Ledger& ledger = []() -> Ledger& {
        auto* made = new Ledger;
        std::thread{[made] { write_down(*made, Entry::invalid); }}.join();
        return *made;
    }();
    return ledger;
}

} // namespace

void leak_by_mutex(Stuck& stuck) {
    auto reached = std::make_shared<std::atomic<bool>>(false);
    std::thread{[reached, &ledger = spoilt_ledger(), begun = tasks::SourcePlace::here()] {
        tasks::Job job{"write ledger", begun};
        *reached = true;
        write_down(ledger, Entry::valid);
    }}.detach();
    stuck.when([reached] { return reached->load(); });
}

void unlocked_mutex(const std::stop_token&) {
    static Ledger ledger;
    tasks::Job job{"write ledger"};
    const std::scoped_lock locked{ledger.mutex};
    ++ledger.entries;
}
