#include "worker_pool.hpp"

#include <utility>

WorkerPool::WorkerPool(std::size_t workers) {
    for (std::size_t i = 0; i < workers; ++i)
        workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void WorkerPool::submit(std::function<void(const std::stop_token&)> handle) {
    Request request{tasks::JobHandle{"request"}, std::move(handle)};
    request.queued.waits(tasks::wait_reason::job_queue, &queue_, "requests");
    ++unfinished_;
    if (!queue_.send(std::move(request)))
        --unfinished_;
}

bool WorkerPool::drain(std::chrono::milliseconds patience) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (unfinished_ != 0) {
        if (std::chrono::steady_clock::now() >= until)
            return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
}

bool WorkerPool::finish(std::chrono::milliseconds patience) {
    queue_.close();
    const bool drained = drain(patience);
    workers_.clear(); // jthread: requests the stop, then joins
    return drained;
}

void WorkerPool::work(const std::stop_token& stop) {
    while (auto request = queue_.receive(stop)) {
        request->queued = tasks::JobHandle{}; // from here on this thread carries it
        request->handle(stop);
        --unfinished_;
    }
}
