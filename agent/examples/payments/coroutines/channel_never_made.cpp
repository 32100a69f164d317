// The channel is only made on a path that is never taken, and received from all the same: nothing can end that wait.
// Repaired: it is made where it is declared.

#include <coroutine>
#include <memory>

#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <tasks/coroutine.hpp>

#include "backend.hpp"
#include "coroutines/async_channel.hpp"
#include "coroutines/coroutine_cause.hpp"
#include "coroutines/run_task.hpp"
#include "coroutines/task.hpp"

namespace asio = boost::asio;

namespace {

using Deliveries = AsyncChannel<Receipt>;

/// Receives from a channel that may never have been made: without one it waits for ever, as in Go.
class ChannelReceive {
public:
    explicit ChannelReceive(Deliveries* channel) noexcept : channel_(channel) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> receiver) {
        if (channel_ != nullptr)
            channel_->async_receive([this, receiver](boost::system::error_code, Receipt receipt) {
                receipt_ = receipt;
                receiver.resume();
            });
    } // else nobody has the handle
    Receipt await_resume() const noexcept { return receipt_; }

    /// What `tasks` tells of the wait.
    tasks::wait_facts tasks_wait() const noexcept {
        using enum tasks::wait_reason;
        return {channel_ != nullptr ? chan_receive : nil, channel_, "deliveries"};
    }

private:
    Deliveries* channel_;
    Receipt receipt_;
};

bool deliveries_wanted() { return false; }

Task await_delivery(std::shared_ptr<Deliveries> deliveries) {
    co_await ChannelReceive{deliveries.get()}; // stuck: nil-channel
}

} // namespace

coroutines::Handled coroutines::channel_never_made() {
    std::shared_ptr<Deliveries> deliveries;
    if (deliveries_wanted())
        deliveries = std::make_shared<Deliveries>(co_await asio::this_coro::executor);
    start(await_delivery(deliveries)); // began: nil-channel
}

coroutines::Handled coroutines::channel_made() {
    auto deliveries = std::make_shared<Deliveries>(co_await asio::this_coro::executor, 1);
    co_await deliveries->async_send({}, Receipt{"north"}, asio::use_awaitable);
    co_await run_task(await_delivery(deliveries), asio::use_awaitable);
}
