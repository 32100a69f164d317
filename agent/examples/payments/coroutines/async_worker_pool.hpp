// A few worker coroutines and a channel with an end: a fan-out that cannot grow without limit. Used on one thread; must
// outlive its workers, so finish() it.
#pragma once

#include <chrono>
#include <cstddef>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include "coroutines/async_channel.hpp"
#include "coroutines/wait_group.hpp"

class AsyncWorkerPool {
public:
    /// Makes the coroutine that handles a request.
    using Request = boost::asio::awaitable<void> (*)();

    AsyncWorkerPool(const boost::asio::any_io_executor& executor, std::size_t workers);

    /// Waits for room in the channel.
    boost::asio::awaitable<void> submit(Request request);

    /// Waits until every request is done; false: some were not in time.
    boost::asio::awaitable<bool> drain(std::chrono::nanoseconds patience);

    /// Takes no more requests, drains, and cancels what still runs. False: something had to be cancelled.
    boost::asio::awaitable<bool> finish(std::chrono::nanoseconds patience);

private:
    boost::asio::awaitable<void> work();

    AsyncChannel<Request> queue_;
    WaitGroup unfinished_; // requests
    WaitGroup workers_;
    std::vector<boost::asio::cancellation_signal> stops_; // of each worker
};
