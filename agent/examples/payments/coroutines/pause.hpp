// pause: suspends the calling coroutine for that long. As the other side of `||` it is a timeout:
//     co_await (answer(bank) || pause(50ms));
#pragma once

#include <chrono>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

inline boost::asio::awaitable<void> pause(std::chrono::nanoseconds length) {
    boost::asio::steady_timer timer{co_await boost::asio::this_coro::executor, length};
    co_await timer.async_wait(boost::asio::use_awaitable);
}
