// A call is given up because it takes too long: its late answer finds nobody, and an unbuffered channel keeps the
// sender for ever. Repaired: the timeout cancels the call itself. (Room for one answer is not enough with Boost 1.81:
// once a receive was cancelled, a channel that has room keeps its senders waiting.)

#include <chrono>
#include <memory>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines/async_channel.hpp"
#include "coroutines/coroutine_cause.hpp"
#include "coroutines/pause.hpp"

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;
using Verdicts = AsyncChannel<bool>;

asio::awaitable<void> check_fraud(std::shared_ptr<Verdicts> verdicts) {
    co_await pause(60ms); // long after the timeout: a program that starts many requests at once is late itself
    co_await verdicts->async_send({}, true, asio::use_awaitable); // stuck: late-answer
}

asio::awaitable<void> receive(Verdicts& verdicts) { co_await verdicts.async_receive(asio::use_awaitable); }

asio::awaitable<void> receive_in_time(Verdicts& verdicts) {
    using namespace asio::experimental::awaitable_operators;
    co_await (receive(verdicts) || pause(2ms));
}

} // namespace

coroutines::Handled coroutines::answer_never_taken() {
    const auto executor = co_await asio::this_coro::executor;
    auto verdicts = std::make_shared<Verdicts>(executor);
    asio::co_spawn(executor, check_fraud(verdicts), asio::detached); // began: late-answer
    co_await receive_in_time(*verdicts);
}

coroutines::Handled coroutines::call_with_timeout() {
    using namespace asio::experimental::awaitable_operators;
    auto verdicts = std::make_shared<Verdicts>(co_await asio::this_coro::executor, 1);
    co_await (check_fraud(verdicts) || pause(2ms));
}
