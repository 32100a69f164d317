// Task: a coroutine of one's own making. It begins when somebody awaits it, and whoever awaited it goes on when it has
// ended; start() begins one that nobody awaits. One thread at a time. Never awaited and never started, it never begins.
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

#include "coroutines/traced.hpp"

class Task {
public:
    class Promise {
    public:
        Task get_return_object() noexcept { return Task{std::coroutine_handle<Promise>::from_promise(*this)}; }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        auto final_suspend() const noexcept { return Ended{}; }
        void return_void() const noexcept {}
        void unhandled_exception() noexcept { error_ = std::current_exception(); }

    private:
        friend Task;

        std::coroutine_handle<> awaiting_;
        std::exception_ptr error_;
    };
    using promise_type = Traced<Promise>;

    Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    Task& operator=(Task&&) = delete;
    ~Task() {
        if (coroutine_)
            coroutine_.destroy();
    }

    auto operator co_await() const noexcept { return Join{coroutine_}; }

private:
    using Handle = std::coroutine_handle<Promise>;

    /// Its end: whoever awaits it goes on.
    struct Ended {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(Handle coroutine) const noexcept { return coroutine.promise().awaiting_; }
        void await_resume() const noexcept {}
    };

    /// Its begin: whoever awaits it is suspended meanwhile.
    struct Join {
        Handle coroutine;
        bool await_ready() const noexcept { return false; }
        Handle await_suspend(std::coroutine_handle<> awaiting) const noexcept {
            coroutine.promise().awaiting_ = awaiting;
            return coroutine;
        }
        void await_resume() const {
            if (coroutine.promise().error_)
                std::rethrow_exception(coroutine.promise().error_);
        }
    };

    explicit Task(Handle coroutine) noexcept : coroutine_(coroutine) {}

    Handle coroutine_;
};

/// What a coroutine returns that nobody awaits: it begins at once, and its frame goes with its end.
struct Detached {
    struct promise_type {
        Detached get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
};

/// Begins a task that nobody awaits.
inline Detached start(Task task) { co_await task; }
