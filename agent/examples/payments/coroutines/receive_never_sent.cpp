// A backend call fails and returns without an answer: who waits for the answer is stuck in receive.
// Repaired: the channel is closed on every way out, so a receive always ends.

#include <memory>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "backend.hpp"
#include "coroutines/async_channel.hpp"
#include "coroutines/coroutine_cause.hpp"

namespace asio = boost::asio;

namespace {

using Answers = AsyncChannel<Receipt>;

std::optional<Receipt> refused() { return std::nullopt; }

asio::awaitable<void> answer(std::shared_ptr<Answers> answers) {
    const auto receipt = refused();
    if (!receipt)
        co_return; // the leak: nobody will ever send
    co_await answers->async_send({}, *receipt, asio::use_awaitable);
}

asio::awaitable<void> answer_or_close(std::shared_ptr<Answers> answers) {
    const auto receipt = refused();
    if (receipt)
        co_await answers->async_send({}, *receipt, asio::use_awaitable);
    answers->close();
}

asio::awaitable<Receipt> await_answer(std::shared_ptr<Answers> answers) {
    co_return co_await answers->async_receive(asio::use_awaitable); // stuck: receive-without-sender
}

} // namespace

coroutines::Handled coroutines::receive_never_sent() {
    const auto executor = co_await asio::this_coro::executor;
    auto answers = std::make_shared<Answers>(executor);
    asio::co_spawn(executor, await_answer(answers), asio::detached); // began: receive-without-sender
    co_await answer(answers);
}

coroutines::Handled coroutines::receive_until_closed() {
    const auto executor = co_await asio::this_coro::executor;
    auto answers = std::make_shared<Answers>(executor, 1);
    asio::co_spawn(executor, answer_or_close(answers), asio::detached);
    co_await answers->async_receive(asio::as_tuple(asio::use_awaitable));
}
