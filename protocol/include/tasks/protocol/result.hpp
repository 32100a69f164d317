// An expected failure as a return value: a Result holds a T or an E, never neither.
// (std::expected is not in g++ 12's library.) Value type, no locks, no I/O.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace tasks {

/// Wraps the failure half of a Result, so that `return Failure{error};` reads as what it is.
template <class E> struct Failure {
    E error;
};
template <class E> Failure(E) -> Failure<E>;

template <class T, class E = std::string> class [[nodiscard]] Result {
public:
    Result(T value) : held_(std::in_place_index<0>, std::move(value)) {}
    template <class F> Result(Failure<F> failure) : held_(std::in_place_index<1>, std::move(failure.error)) {}

    explicit operator bool() const noexcept { return held_.index() == 0; }
    bool ok() const noexcept { return held_.index() == 0; }

    /// Only to be called when ok().
    T& operator*() & { return std::get<0>(held_); }
    const T& operator*() const& { return std::get<0>(held_); }
    T&& operator*() && { return std::get<0>(std::move(held_)); }
    T* operator->() { return &std::get<0>(held_); }
    const T* operator->() const { return &std::get<0>(held_); }

    /// Only to be called when not ok().
    E& error() { return std::get<1>(held_); }
    const E& error() const { return std::get<1>(held_); }

private:
    std::variant<T, E> held_;
};

} // namespace tasks
