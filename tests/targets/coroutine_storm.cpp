// coroutine_storm FILE [COUNT]: two threads create, suspend, resume and destroy chains of coroutines (storm_top awaits
// storm_middle awaits storm_leaf) as fast as they can, while COUNT chains (calm_top awaits calm_leaf) stay suspended:
// FILE gets "frame ADDRESS AWAITED_BY LINE waiting direct FUNCTION" for each frame of those. Prints "ready", ends when
// its input does. For tests/scripts/coroutine_truth_test.py, which compiles it.
#include <unistd.h>

#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

struct Task {
    struct promise_type {
        struct Final {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
                const auto next = self.promise().continuation;
                return next ? next : std::coroutine_handle<>{std::noop_coroutine()};
            }
            void await_resume() noexcept {}
        };
        Task get_return_object() { return Task{std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        Final final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::abort(); }
        std::coroutine_handle<> continuation;
    };
    struct Awaiter {
        bool await_ready() noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
            handle.promise().continuation = awaiting;
            return handle;
        }
        void await_resume() noexcept {}
        std::coroutine_handle<promise_type> handle;
    };
    explicit Task(std::coroutine_handle<promise_type> made) : handle(made) {}
    Task(Task&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    Task(const Task&) = delete;
    ~Task() {
        if (handle)
            handle.destroy();
    }
    Awaiter operator co_await() const noexcept { return {handle}; }
    std::coroutine_handle<promise_type> handle;
};

/// Where a chain's innermost coroutine waits.
struct Parked {
    struct Awaiter {
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<> awaiting) noexcept { parked.handle = awaiting; }
        void await_resume() noexcept {}
        Parked& parked;
    };
    Awaiter operator co_await() noexcept { return {*this}; }
    std::coroutine_handle<> handle;
};

Task storm_leaf(Parked& parked, int turns, std::string name) {
    for (int i = 0; i < turns; ++i)
        co_await parked;
    name += name;
}
Task storm_middle(Parked& parked, int turns, std::string name) { co_await storm_leaf(parked, turns, name + "-leaf"); }
Task storm_top(Parked& parked, int turns) {
    co_await storm_middle(parked, turns, "a-name-that-is-allocated");
    co_await parked;
}

constexpr int leaf_line = __LINE__ + 1;
Task calm_leaf(Parked& parked) { co_await parked; }
constexpr int top_line = __LINE__ + 1;
Task calm_top(Parked& parked) { co_await calm_leaf(parked); }

[[noreturn]] void storm(unsigned seed) {
    std::vector<Parked> parked(64);
    std::vector<std::optional<Task>> chains(parked.size());
    for (;;) {
        seed = seed * 1664525 + 1013904223;
        const std::size_t at = (seed >> 16) % parked.size();
        auto& chain = chains[at];
        if (chain && !chain->handle.done() && (seed >> 8) % 7 != 0) {
            parked[at].handle.resume();
            continue;
        }
        chain.reset(); // at any suspend point
        chain.emplace(storm_top(parked[at], 1 + static_cast<int>((seed >> 4) % 3)));
        chain->handle.resume();
    }
}

int main(int count, char** words) {
    const auto calm = static_cast<std::size_t>(count > 2 ? std::atoi(words[2]) : 50);
    std::vector<Parked> parked(calm);
    std::vector<Task> chains;
    for (Parked& place : parked) {
        chains.push_back(calm_top(place));
        chains.back().handle.resume();
    }
    std::FILE* file = count > 1 ? std::fopen(words[1], "w") : nullptr;
    if (file == nullptr)
        return 2;
    for (std::size_t i = 0; i < calm; ++i) {
        const auto top = reinterpret_cast<std::uintptr_t>(chains[i].handle.address());
        std::fprintf(file, "frame %lx 0 %d waiting direct calm_top\n", static_cast<unsigned long>(top), top_line);
        std::fprintf(file, "frame %lx %lx %d waiting direct calm_leaf\n",
                     static_cast<unsigned long>(reinterpret_cast<std::uintptr_t>(parked[i].handle.address())),
                     static_cast<unsigned long>(top), leaf_line);
    }
    std::fclose(file);
    std::thread{storm, 1u}.detach();
    std::thread{storm, 2u}.detach();
    std::puts("ready");
    std::fflush(stdout);
    for (char byte = 0; ::read(0, &byte, 1) > 0;) {
    }
    std::_Exit(0);
}
