// WaitGroup: counts what was begun and waits until all of it has ended. Used on one thread, waited for by one coroutine
// at a time. A coroutine is a member from add(), before it begins, to done().
#pragma once

#include <chrono>
#include <cstddef>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/channel.hpp>

class WaitGroup {
public:
    explicit WaitGroup(const boost::asio::any_io_executor& executor) : empty_(executor) {}

    void add() { ++members_; }
    void done();

    boost::asio::awaitable<void> wait();

    /// False: some were not in time.
    boost::asio::awaitable<bool> wait_for(std::chrono::nanoseconds patience);

private:
    std::size_t members_ = 0;
    boost::asio::experimental::channel<void(boost::system::error_code)> empty_; // somebody waits: it is told
};
