// What tests/fuzz/corpus/coroutines was compiled from, by g++ 12 and clang 19 (-shared -fPIC -nostdlib -std=c++20 -g):
// coroutines that await each other, with arguments and locals of each kind that is told.
#include <coroutine>

void take(int);
void keep(std::coroutine_handle<>);

enum class Colour : short { red, green = 7 };

struct Task {
    struct promise_type {
        Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() noexcept {}
        std::coroutine_handle<> continuation;
    };
    bool await_ready() { return false; }
    void await_suspend(std::coroutine_handle<> awaiting) {
        handle.promise().continuation = awaiting;
        keep(handle);
    }
    void await_resume() {}
    std::coroutine_handle<promise_type> handle;
};

Task inner(int id, const char* text, Colour colour, double ratio) {
    for (int turn = 0; turn < id; ++turn) {
        const bool is_odd = turn % 2 != 0;
        co_await std::suspend_always{};
        take(turn + text[0] + is_odd + static_cast<int>(colour) + static_cast<int>(ratio));
    }
}

Task outer(unsigned long id) {
    Task awaited = inner(static_cast<int>(id), "text", Colour::green, 0.5);
    co_await awaited;
    co_await inner(1, "more", Colour::red, 1.5);
}
