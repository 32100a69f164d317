// A thread that waits until its owner goes: a leak that a test can end.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tasks::test {

class StuckThread {
public:
    StuckThread() : thread_([this] { wait_for_ever(); }) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return waits_; });
    }
    ~StuckThread() {
        {
            const std::lock_guard lock{mutex_};
            over_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }
    StuckThread(const StuckThread&) = delete;
    StuckThread& operator=(const StuckThread&) = delete;

private:
    [[gnu::noinline]] void wait_for_ever() {
        std::unique_lock lock{mutex_};
        waits_ = true;
        changed_.notify_all();
        while (!over_)
            changed_.wait(lock);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool waits_ = false;
    bool over_ = false;
    std::thread thread_;
};

} // namespace tasks::test
