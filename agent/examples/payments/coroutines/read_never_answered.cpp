// A bank takes the connection and never answers; the read has no timeout.
// Repaired: who comes first, the answer or the timeout, cancels the other.

#include <chrono>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines/coroutine_cause.hpp"
#include "coroutines/pause.hpp"

namespace asio = boost::asio;

namespace {

/// Both ends of a connection to a bank that never says anything.
struct SilentPeer {
    explicit SilentPeer(const asio::any_io_executor& executor) : ours(executor), theirs(executor) {
        asio::local::connect_pair(ours, theirs);
    }

    asio::local::stream_protocol::socket ours;
    asio::local::stream_protocol::socket theirs;
};

asio::awaitable<void> read_answer(asio::local::stream_protocol::socket& bank) {
    char answer = 0;
    co_await asio::async_read(bank, asio::buffer(&answer, 1), asio::use_awaitable); // stuck: io-without-timeout
}

asio::awaitable<void> ask_bank() {
    SilentPeer bank{co_await asio::this_coro::executor};
    co_await read_answer(bank.ours);
}

} // namespace

coroutines::Handled coroutines::read_never_answered() {
    const auto executor = co_await asio::this_coro::executor;
    asio::co_spawn(executor, ask_bank(), asio::detached); // began: io-without-timeout
}

coroutines::Handled coroutines::read_with_timeout() {
    using namespace std::chrono_literals;
    using namespace asio::experimental::awaitable_operators;
    SilentPeer bank{co_await asio::this_coro::executor};
    co_await (read_answer(bank.ours) || pause(5ms));
}
