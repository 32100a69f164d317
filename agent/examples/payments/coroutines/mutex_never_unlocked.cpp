// One early return forgets to unlock the ledger: all who come after are stuck in lock.
// Repaired: a scoped lock.

#include <boost/asio/use_awaitable.hpp>

#include "coroutines/async_mutex.hpp"
#include "coroutines/coroutine_cause.hpp"
#include "coroutines/run_task.hpp"
#include "coroutines/task.hpp"

namespace asio = boost::asio;

namespace {

struct AsyncLedger {
    AsyncMutex mutex{"ledger"};
    unsigned entries = 0;
};

enum class Amount { valid, invalid };

Task write_down(AsyncLedger& ledger, Amount amount) {
    co_await ledger.mutex.lock(); // stuck: mutex
    if (amount == Amount::invalid)
        co_return; // the leak: the ledger stays locked
    ++ledger.entries;
    ledger.mutex.unlock();
}

Task settle_account(AsyncLedger& ledger) { co_await write_down(ledger, Amount::valid); }

Task write_down_scoped(AsyncLedger& ledger) {
    const auto locked = co_await ledger.mutex.scoped_lock();
    ++ledger.entries;
}

/// Never destroyed: stuck coroutines wait for it.
AsyncLedger& locked_ledger() {
    static AsyncLedger& ledger = []() -> AsyncLedger& {
        auto* made = new AsyncLedger;
        start(write_down(*made, Amount::invalid));
        return *made;
    }();
    return ledger;
}

} // namespace

coroutines::Handled coroutines::mutex_never_unlocked() {
    start(settle_account(locked_ledger())); // began: mutex
    co_return;
}

coroutines::Handled coroutines::mutex_unlocked() {
    static AsyncLedger ledger;
    co_await run_task(write_down_scoped(ledger), asio::use_awaitable);
}
