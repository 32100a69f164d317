// Coroutines that come and go at full speed on two threads, for as long as the standard input is open, beside a hundred
// that stay: no look at memory is of one moment. Prints "ready".
#include <atomic>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

class Task {
public:
    struct promise_type {
        Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        auto final_suspend() noexcept {
            struct Continue {
                bool await_ready() noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> ended) noexcept {
                    const auto next = ended.promise().continuation;
                    return next ? next : std::noop_coroutine();
                }
                void await_resume() noexcept {}
            };
            return Continue{};
        }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
        std::coroutine_handle<> continuation;
    };

    explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task(const Task&) = delete;
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (handle_) {
            handle_.destroy();
        }
    }

    void resume() { handle_.resume(); }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle_.promise().continuation = awaiting;
        return handle_;
    }
    void await_resume() noexcept {}

private:
    std::coroutine_handle<promise_type> handle_;
};

Task inner(int number) {
    co_await std::suspend_always{};
    std::atomic_signal_fence(std::memory_order_seq_cst);
    static_cast<void>(number);
}

Task outer(int number) {
    co_await inner(number);
    co_await std::suspend_always{};
}

void churn(const std::atomic<bool>& over) {
    for (int number = 0; !over; ++number) {
        std::vector<Task> tasks;
        for (int at = 0; at < 64; ++at) {
            tasks.push_back(outer(number));
            if (at % 2 == 0) {
                tasks.back().resume();
            }
        }
    }
}

} // namespace

int main() {
    std::vector<Task> staying;
    for (int at = 0; at < 100; ++at) {
        staying.push_back(outer(at));
        staying.back().resume();
    }
    std::atomic<bool> over{false};
    std::vector<std::thread> threads;
    for (int at = 0; at < 2; ++at) {
        threads.emplace_back([&over] { churn(over); });
    }
    std::puts("ready");
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    over = true;
    for (auto& thread : threads) {
        thread.join();
    }
}
