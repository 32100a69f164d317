#include "coroutines/service.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "coroutines/async_worker_pool.hpp"
#include "coroutines/coroutine_cause.hpp"
#include "coroutines/pause.hpp"

namespace asio = boost::asio;

namespace {

using namespace std::chrono_literals;

constexpr std::size_t workers = 64;

void say_ready() {
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
}

/// A coroutine for each request, and nobody waits for any of them.
asio::awaitable<void> serve_leaking(const Options& options, CoroutineCause::Request leak) {
    const auto executor = co_await asio::this_coro::executor;
    for (unsigned i = 0; i < options.requests; ++i)
        asio::co_spawn(executor, leak(), asio::detached);
    co_await pause(100ms); // the slowest backend takes 50: now all are where they stay
    say_ready();
    for (;;) {
        co_await pause(options.pause());
        asio::co_spawn(executor, leak(), asio::detached);
    }
}

asio::awaitable<void> serve_repaired(const Options& options, AsyncWorkerPool& pool, CoroutineCause::Request repaired) {
    for (unsigned i = 0; i < options.requests; ++i)
        co_await pool.submit(repaired);
    co_await pool.drain(1min);
    say_ready();
    for (;;) {
        co_await pause(options.pause());
        co_await pool.submit(repaired);
    }
}

asio::awaitable<void> asked_to_end() {
    asio::signal_set signals{co_await asio::this_coro::executor, SIGTERM, SIGINT};
    co_await signals.async_wait(asio::use_awaitable);
}

asio::awaitable<void> end_of_service() {
    using namespace asio::experimental::awaitable_operators;
    co_await (asked_to_end() || pause(1h));
}

asio::awaitable<int> run(const Options& options, const CoroutineCause& cause) {
    using namespace asio::experimental::awaitable_operators;
    if (!options.fixed) {
        co_await (end_of_service() || serve_leaking(options, cause.leak));
        co_return 0;
    }
    AsyncWorkerPool pool{co_await asio::this_coro::executor, workers};
    co_await (end_of_service() || serve_repaired(options, pool, cause.repaired));
    co_return co_await pool.finish(5s) ? 0 : 1;
}

} // namespace

int coroutines::serve(const Options& options) {
    const auto* cause = std::ranges::find(causes, options.cause, &CoroutineCause::name);
    if (cause == causes.end())
        return 2;
    asio::io_context context{1};
    int status = 1;
    asio::co_spawn(context, run(options, *cause), [&](const std::exception_ptr& error, int ended) {
        status = error ? 1 : ended;
        context.stop(); // what leaked would keep it running
    });
    context.run();
    return status;
}

std::vector<std::string_view> coroutines::cause_names() {
    std::vector<std::string_view> names;
    std::ranges::transform(causes, std::back_inserter(names), &CoroutineCause::name);
    return names;
}
