// bench_suspended_coroutines CHAINS MIB: suspends five-deep chains of coroutines, of 50 functions in all, among MIB of
// other memory in small pieces full of pointers, and knows nothing of us. Says "ready FRAMES"; stays until its standard
// input ends. "bench_suspended_coroutines copy MIB": copies as much memory once, says in how many milliseconds.
#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

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
        void return_value(int result) { value = result; }
        void unhandled_exception() { std::abort(); }

        std::coroutine_handle<> continuation;
        int value = 0;
    };
    explicit Task(std::coroutine_handle<promise_type> made) : handle(made) {}
    Task(Task&& other) noexcept : handle(std::exchange(other.handle, nullptr)) {}
    Task(const Task&) = delete;
    ~Task() {
        if (handle)
            handle.destroy();
    }

    bool await_ready() noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
        handle.promise().continuation = awaiting;
        return handle;
    }
    int await_resume() { return handle.promise().value; }

    std::coroutine_handle<promise_type> handle;
};

constexpr unsigned functions = 50;
constexpr unsigned depth = 5;

volatile int sink;

/// Functions FUNCTION ... to the next multiple of `depth`, each awaits the next.
template <unsigned function> Task work(int id, std::string key) {
    std::array<char, std::size_t{function} * 4 + 8> own{};
    own[static_cast<std::size_t>(id % 8)] = 1;
    if constexpr ((function + 1) % depth != 0) {
        const int result = co_await work<function + 1>(id + 1, key);
        sink = result + own[0];
        co_return result;
    } else {
        co_await std::suspend_always{};
        sink = own[1];
        co_return 1;
    }
}

using Start = Task (*)(int, std::string);
template <std::size_t... numbers> constexpr auto starts_of(std::index_sequence<numbers...>) {
    return std::array<Start, sizeof...(numbers)>{work<static_cast<unsigned>(numbers * depth)>...};
}
constexpr auto starts = starts_of(std::make_index_sequence<functions / depth>{});

/// Objects as a heap has them: their words point to others.
class Pieces {
public:
    void add(std::size_t bytes) {
        auto piece = std::make_unique<void*[]>(bytes / sizeof(void*) + 1);
        for (std::size_t i = 0; i < bytes / sizeof(void*); ++i)
            piece[i] = i % 2 == 0 ? piece.get() : static_cast<void*>(this);
        pieces_.push_back(std::move(piece));
        bytes_ += bytes + 16;
    }
    std::size_t bytes() const noexcept { return bytes_; }

private:
    std::vector<std::unique_ptr<void*[]>> pieces_;
    std::size_t bytes_ = 0;
};

int copy(std::size_t bytes) {
    constexpr std::size_t block = 256u << 10; // as the scan reads it
    const std::vector<char> memory(bytes, 1);
    std::vector<char> into(block);
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at + block <= bytes; at += block) {
        std::memcpy(into.data(), memory.data() + at, block);
        sink = into[at % block];
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    std::printf("copy_ms %f\n", took.count());
    return 0;
}

} // namespace

int main(int count, char** words) {
    if (count < 3)
        return 2;
    const std::size_t bytes = std::strtoul(words[2], nullptr, 10) << 20;
    if (std::strcmp(words[1], "copy") == 0)
        return copy(bytes);
    const int chains = std::atoi(words[1]);
    std::vector<Task> tasks;
    tasks.reserve(static_cast<std::size_t>(chains));
    Pieces pieces;
    const std::size_t each = bytes / static_cast<std::size_t>(std::max(1, chains));
    for (int i = 0; i < chains; ++i) {
        tasks.push_back(starts[static_cast<std::size_t>(i) % starts.size()](i, "key-" + std::to_string(i)));
        tasks.back().handle.resume();
        while (pieces.bytes() < each * static_cast<std::size_t>(i + 1))
            pieces.add(16 + (pieces.bytes() / 16 * 2654435761u >> 7) % 4000);
    }
    std::printf("ready %zu\n", tasks.size() * depth);
    std::fflush(stdout);
    for (char byte = 0; ::read(STDIN_FILENO, &byte, 1) > 0;) {
    }
    std::_Exit(0);
}
