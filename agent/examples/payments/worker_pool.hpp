// A few workers and a queue with an end: a fan-out that cannot grow without limit. Queued requests are jobs that
// no thread carries. Made and used by the main thread; handlers run on the workers.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <stop_token>
#include <thread>
#include <vector>

#include <tasks/job.hpp>

#include "channel.hpp"

class WorkerPool {
public:
    explicit WorkerPool(std::size_t workers);
    ~WorkerPool() { finish(std::chrono::milliseconds{0}); }
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Waits for room in the queue. The handler is told when it is to stop.
    void submit(std::function<void(const std::stop_token&)> handle);

    /// Waits until every request is done; false: some were not in time.
    bool drain(std::chrono::milliseconds patience);

    /// Takes no more requests, drains, tells what still runs to stop, and joins. False: something had to be told.
    bool finish(std::chrono::milliseconds patience);

private:
    struct Request {
        tasks::JobHandle queued;
        std::function<void(const std::stop_token&)> handle;
    };

    void work(const std::stop_token& stop);

    Channel<Request> queue_{"requests", 64};
    std::atomic<std::size_t> unfinished_{0};
    std::vector<std::jthread> workers_;
};
