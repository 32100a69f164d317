// A loop asks again and again for something that never comes. It lets others run in between, and never sleeps.
// Repaired: it ends after a few tries.

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines/coroutine_cause.hpp"

namespace asio = boost::asio;

namespace {

bool settled() { return false; }

asio::awaitable<void> settle() {
    while (!settled())                            // the leak: nobody ever settles it
        co_await asio::post(asio::use_awaitable); // stuck: busy-loop
}

} // namespace

coroutines::Handled coroutines::loop_never_settled() {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, settle(), asio::detached); // began: busy-loop
}

coroutines::Handled coroutines::loop_with_limit() {
    for (int tries = 0; tries < 10 && !settled(); ++tries)
        co_await asio::post(asio::use_awaitable);
}
