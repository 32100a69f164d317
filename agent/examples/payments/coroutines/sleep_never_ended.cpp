// A loop sleeps, looks for something that never comes, and sleeps again, for ever.
// Repaired: it gives up at a deadline.

#include <chrono>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines/coroutine_cause.hpp"
#include "coroutines/pause.hpp"

namespace asio = boost::asio;

namespace {

bool delivered() { return false; }

asio::awaitable<void> deliver(std::chrono::milliseconds between) {
    asio::steady_timer retry{co_await asio::this_coro::executor};
    while (!delivered()) { // the leak: nobody ever delivers it
        retry.expires_after(between);
        co_await retry.async_wait(asio::use_awaitable); // stuck: sleep-loop
    }
}

} // namespace

coroutines::Handled coroutines::sleep_never_ended() {
    using namespace std::chrono_literals;
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, deliver(100ms), asio::detached); // began: sleep-loop
}

coroutines::Handled coroutines::sleep_until_deadline() {
    using namespace std::chrono_literals;
    using namespace asio::experimental::awaitable_operators;
    co_await (deliver(1ms) || pause(5ms));
}
