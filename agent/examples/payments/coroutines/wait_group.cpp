#include "coroutines/wait_group.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines/pause.hpp"

namespace asio = boost::asio;

void WaitGroup::done() {
    if (--members_ == 0)
        empty_.try_send(boost::system::error_code{});
}

asio::awaitable<void> WaitGroup::wait() {
    while (members_ != 0)
        co_await empty_.async_receive(asio::use_awaitable);
}

asio::awaitable<bool> WaitGroup::wait_for(std::chrono::nanoseconds patience) {
    using namespace asio::experimental::awaitable_operators;
    co_await (wait() || pause(patience));
    co_return members_ == 0;
}
