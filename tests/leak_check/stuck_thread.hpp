// A thread that waits until its owner goes: a leak that a test can end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include <unistd.h>

namespace tasks::test {

class StuckThread {
public:
    StuckThread() : thread_([this] { wait_for_ever(); }) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return waiter_ != 0; });
        while (!sleeps())
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
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
    /// It has let go of the mutex, but may not be asleep yet. The state follows the name in brackets: proc(5).
    bool sleeps() const {
        std::ifstream stat{"/proc/self/task/" + std::to_string(waiter_) + "/stat"};
        std::string text;
        std::getline(stat, text);
        const auto end = text.rfind(") ");
        return end != std::string::npos && text.substr(end + 2, 1) == "S";
    }

    [[gnu::noinline]] void wait_for_ever() {
        std::unique_lock lock{mutex_};
        waiter_ = ::gettid();
        changed_.notify_all();
        while (!over_)
            changed_.wait(lock);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    pid_t waiter_ = 0;
    bool over_ = false;
    std::thread thread_;
};

} // namespace tasks::test
