// A coroutine type that knows nothing of tasks, and a coroutine of it in a unit that includes no header of the agent.
#pragma once

#include <coroutine>
#include <utility>

namespace tasks::test {

/// Lazy, awaitable by any coroutine; resumes whoever awaits it.
struct Plain {
    struct promise_type {
        std::coroutine_handle<> continuation = std::noop_coroutine();
        Plain get_return_object() { return Plain{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        struct Final {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
                return self.promise().continuation;
            }
            void await_resume() noexcept {}
        };
        Final final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { throw; }
    };

    explicit Plain(std::coroutine_handle<promise_type> made) : handle(made) {}
    Plain(Plain&& other) noexcept : handle(std::exchange(other.handle, {})) {}
    Plain& operator=(Plain&&) = delete;
    ~Plain() {
        if (handle)
            handle.destroy();
    }
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
        handle.promise().continuation = parent;
        return handle;
    }
    void await_resume() const noexcept {}

    std::coroutine_handle<promise_type> handle;
};

/// Starts what the handle is of, as whoever would await it, and waits until `resumed` is resumed.
Plain plain(std::coroutine_handle<> inner, std::coroutine_handle<>& resumed);

} // namespace tasks::test
