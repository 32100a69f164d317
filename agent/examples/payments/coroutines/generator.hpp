// Generator: a coroutine that gives values one by one, as they are asked for; between them it is suspended. Owns its
// coroutine: what destroys the generator ends it, wherever it is. One thread at a time.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "coroutines/traced.hpp"

template <class T> class Generator {
public:
    class Promise {
    public:
        Generator get_return_object() noexcept { return Generator{Handle::from_promise(*this)}; }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        std::suspend_always yield_value(T value) {
            value_ = std::move(value);
            return {};
        }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const { throw; }

    private:
        friend Generator;

        std::optional<T> value_;
    };
    using promise_type = Traced<Promise>;

    Generator(Generator&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
    Generator& operator=(Generator&&) = delete;
    ~Generator() {
        if (coroutine_)
            coroutine_.destroy();
    }

    /// The next value; nothing when it has ended.
    std::optional<T> next() {
        coroutine_.promise().value_.reset();
        if (!coroutine_.done())
            coroutine_.resume();
        return std::move(coroutine_.promise().value_);
    }

private:
    using Handle = std::coroutine_handle<Promise>;

    explicit Generator(Handle coroutine) noexcept : coroutine_(coroutine) {}

    Handle coroutine_;
};
