// run_task: a Task as an operation of Asio's, so that an Asio coroutine, or any other completion token, can wait for
// it:
//     co_await run_task(write_down(ledger), asio::use_awaitable);
// The token's handler is called by its executor. Nothing cancels the task.
#pragma once

#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>

#include "coroutines/task.hpp"

template <class Handler> Detached run_then(Task task, Handler handler) {
    co_await task;
    boost::asio::post(std::move(handler));
}

template <class Token> auto run_task(Task task, Token&& token) {
    return boost::asio::async_initiate<Token, void()>(
        [](auto handler, Task begun) { run_then(std::move(begun), std::move(handler)); }, token, std::move(task));
}
