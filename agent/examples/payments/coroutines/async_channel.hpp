// AsyncChannel: a channel between coroutines of one thread, as Asio has it. With capacity 0 a send ends when somebody
// receives; with room for N values, when it fits. close() ends all receives once the channel is empty.
//     co_await channel.async_send({}, value, asio::use_awaitable);
#pragma once

#include <boost/asio/experimental/channel.hpp>

template <class T> using AsyncChannel = boost::asio::experimental::channel<void(boost::system::error_code, T)>;
