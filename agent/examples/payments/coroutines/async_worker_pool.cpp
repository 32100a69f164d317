#include "coroutines/async_worker_pool.hpp"

#include <exception>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace asio = boost::asio;

AsyncWorkerPool::AsyncWorkerPool(const asio::any_io_executor& executor, std::size_t workers)
    : queue_(executor, 64), unfinished_(executor), workers_(executor), stops_(workers) {
    for (asio::cancellation_signal& stop : stops_) {
        workers_.add();
        asio::co_spawn(executor, work(), asio::bind_cancellation_slot(stop.slot(), [this](const std::exception_ptr&) {
                           workers_.done();
                       }));
    }
}

asio::awaitable<void> AsyncWorkerPool::submit(Request request) {
    unfinished_.add();
    const auto [error] = co_await queue_.async_send({}, request, asio::as_tuple(asio::use_awaitable));
    if (error)
        unfinished_.done();
}

asio::awaitable<bool> AsyncWorkerPool::drain(std::chrono::nanoseconds patience) {
    return unfinished_.wait_for(patience);
}

asio::awaitable<bool> AsyncWorkerPool::finish(std::chrono::nanoseconds patience) {
    queue_.close();
    const bool drained = co_await workers_.wait_for(patience);
    for (asio::cancellation_signal& stop : stops_)
        stop.emit(asio::cancellation_type::terminal);
    co_await workers_.wait();
    co_return drained;
}

asio::awaitable<void> AsyncWorkerPool::work() {
    for (;;) {
        const auto [error, request] = co_await queue_.async_receive(asio::as_tuple(asio::use_awaitable));
        if (error)
            co_return;
        co_await request();
        unfinished_.done();
    }
}
