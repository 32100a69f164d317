// traced: registers the coroutines of one's own promise type in the task table. One line at the return type:
//
//     struct [[nodiscard]] task {
//         struct promise { task get_return_object(); ... };        // as before
//         using promise_type = tasks::traced<promise>;
//     };
//
// `tasks stack` then tells of each coroutine: its function and who called it, the line of the co_await or co_yield
// where it is suspended and since when, why and on what it waits where the awaiter says so, what it awaits, which
// coroutine started it, and whether it has not started or is done and was never destroyed. Header only, C++20; depends
// on nothing but the agent. What is awaited, who runs a coroutine and when, and which thread, stay as they were: an
// await_transform or yield_value of the promise is called as before, symmetric transfer is kept, nothing is allocated.
//
//     struct awaiter {                                             // anywhere in one's own code
//         tasks::wait_facts tasks_wait() const noexcept { return {tasks::wait_reason::mutex, mutex, "accounts"}; }
//         ...
//
// - Without an agent a coroutine costs one call when it is made. One that is made then is not registered when an agent
//   starts later; `tasks` finds it in memory all the same. One that outlives the agent does nothing more.
// - A coroutine that another one awaits, `co_await child()`, is part of the other one's stack and no task of its own.
//   That is so where the child is started by being awaited. One that began at once (initial_suspend() is suspend_never)
//   is a task that runs beside the other, and stays one.
// - A generator waits at its co_yield for somebody to take what it gives: `chan send`.
// - The frame grows by 24 bytes, and by 8 for each co_await (clang 14 and 15: by 40, and 8). clang leaves out no
//   allocation of such a frame any more: a coroutine whose frame lived in its caller's is allocated then, which costs
//   20 to 40 ns; g++ never leaves one out.
// - The promise may be as large and as aligned as it likes. It must not be `final`: from such a one nothing is derived;
//   wrap it in one that is not. `co_yield {a, b}` works where yield_value() is one function, not several nor a
//   template.
// - Sizes and coroutine_handle<promise>: the promise lies where it did, so handles made from it stay right.
#pragma once

#include <concepts>
#include <coroutine>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <version>
#ifdef __cpp_lib_source_location
#include <source_location>
#endif

#include <tasks/task_handle.hpp>

namespace tasks {

/// What an awaiter, or what is awaited, says of its wait by a member `wait_facts tasks_wait() const noexcept`, called
/// just before the coroutine is suspended there. `object` is an address that tells waits apart; `name` is a literal.
struct wait_facts {
    wait_reason reason = wait_reason::unknown;
    const void* object = nullptr;
    const char* name = nullptr;
};

/// `co_await tasks::coroutine_label{"request", id}` in a traced coroutine sets its label; it is not suspended.
struct coroutine_label {
    const char* key;
    std::string_view text; ///< copied, as tasks::Label does
};

template <class Promise> class traced;

} // namespace tasks

namespace tasks::coroutine_parts {

#ifdef __cpp_lib_source_location
using call_place = std::source_location; // a pointer
inline SourcePlace place_of(const call_place& at) noexcept { return {at.file_name(), at.function_name(), at.line()}; }
#define TASKS_CALL_PLACE std::source_location::current()
#else // clang before 16
using call_place = SourcePlace;
inline SourcePlace place_of(const call_place& at) noexcept { return at; }
#define TASKS_CALL_PLACE ::tasks::SourcePlace::here()
#endif

struct traced_promise {}; // what every traced promise is

template <class T>
concept member_co_await = requires(T&& value) { static_cast<T&&>(value).operator co_await(); };
template <class T>
concept free_co_await = requires(T&& value) { operator co_await(static_cast<T&&>(value)); };
template <class T>
concept tells_wait = requires(const T& value) {
    { value.tasks_wait() } -> std::convertible_to<wait_facts>;
};

template <class T> decltype(auto) awaiter_of(T&& value) {
    if constexpr (member_co_await<T>)
        return static_cast<T&&>(value).operator co_await();
    else
        return operator co_await(static_cast<T&&>(value));
}

/// True where a class has a member of that name, of whatever type, access or number.
template <class Promise> struct has_await_transform {
    struct other {
        int await_transform;
    };
    struct both : Promise, other {};
    template <class T> static constexpr bool ambiguous() {
        return !requires { &T::await_transform; };
    }
    static constexpr bool value = ambiguous<both>();
};

template <class Function> struct only_argument {
    using type = void;
};
template <class Result, class Class, class Argument> struct only_argument<Result (Class::*)(Argument)> {
    using type = std::remove_cvref_t<Argument>;
};
template <class Result, class Class, class Argument> struct only_argument<Result (Class::*)(Argument) noexcept> {
    using type = std::remove_cvref_t<Argument>;
};
/// What `co_yield {...}` makes.
template <class Promise> struct yielded {
    using type = void;
};
template <class Promise>
    requires requires { &Promise::yield_value; }
struct yielded<Promise> : only_argument<decltype(&Promise::yield_value)> {};

/// The promise of the coroutine whose result T is, where that is traced.
template <class T> struct awaited_promise {
    using type = void;
};
template <class T>
    requires std::is_base_of_v<traced_promise, typename std::coroutine_traits<T>::promise_type>
struct awaited_promise<T> {
    using type = typename std::coroutine_traits<T>::promise_type;
};

/// Which coroutine is about to be started on this thread by a co_await.
struct awaiting_start {
    std::uint64_t parent = 0;      // id of the task that awaits it; 0: none is
    const void* address = nullptr; // of its frame; null: not known
    const void* promise = nullptr; // its promise's type
};
/// Of the present thread. Not inlined: a coroutine may go on on another one.
[[gnu::noinline]] inline awaiting_start& starting() noexcept {
    static constinit thread_local awaiting_start here{};
    return here;
}

template <class Promise> inline constexpr char promise_mark = 0;

/// What is awaited, held for as long as its awaiter is used: `Held` is a reference to what the coroutine keeps, or an
/// object. Made in place from a function that returns it.
template <class Held> struct held_awaiter {
    template <class Make> explicit held_awaiter(Make&& make) : value(make()) {}
    auto& awaiter() noexcept { return value; }
    Held value;
};
template <class Held>
    requires(member_co_await<Held> || free_co_await<Held>) && std::is_reference_v<Held>
struct held_awaiter<Held> {
    template <class Make> explicit held_awaiter(Make&& make) : made(awaiter_of<Held>(make())) {}
    auto& awaiter() noexcept { return made; }
    decltype(awaiter_of<Held>(std::declval<Held>())) made;
};
template <class Held>
    requires(member_co_await<Held> || free_co_await<Held>) && (!std::is_reference_v<Held>)
struct held_awaiter<Held> {
    template <class Make>
    explicit held_awaiter(Make&& make) : value(make()), made(awaiter_of<Held>(static_cast<Held&&>(value))) {}
    auto& awaiter() noexcept { return made; }
    Held value;
    decltype(awaiter_of<Held>(std::declval<Held>())) made;
};

/// Calls await_suspend as the promise that is traced would have it called.
template <class Awaiter, class Promise>
decltype(auto) suspend_by(Awaiter& awaiter, std::coroutine_handle<traced<Promise>> handle) {
    const auto plain = std::coroutine_handle<Promise>::from_address(handle.address());
    if constexpr (requires { awaiter.await_suspend(plain); })
        return awaiter.await_suspend(plain);
    else
        return awaiter.await_suspend(handle);
}

/// The coroutine goes on where an await_suspend throws.
template <class Traced> class back_on_throw {
public:
    explicit back_on_throw(Traced& promise) noexcept : promise_(&promise) {}
    ~back_on_throw() {
        if (promise_ != nullptr)
            promise_->tasks_handle().resumes();
    }
    back_on_throw(const back_on_throw&) = delete;
    back_on_throw& operator=(const back_on_throw&) = delete;
    void suspended() noexcept { promise_ = nullptr; }

private:
    Traced* promise_;
};

/// Of the initial suspend point. Until it is resumed there the task has not started.
template <class Traced, class Held> class initial_awaiter : held_awaiter<Held> {
public:
    template <class Make> initial_awaiter(Traced& promise, Make&& make) : held_awaiter<Held>(make), promise_(promise) {}
    bool await_ready() { return static_cast<bool>(this->awaiter().await_ready()); }
    decltype(auto) await_suspend(std::coroutine_handle<Traced> handle) { return suspend_by(this->awaiter(), handle); }
    decltype(auto) await_resume() {
        promise_.tasks_starts();
        return this->awaiter().await_resume();
    }

private:
    Traced& promise_;
};

/// Of the final one.
template <class Traced, class Held> class final_awaiter : held_awaiter<Held> {
public:
    template <class Make> explicit final_awaiter(Make&& make) noexcept : held_awaiter<Held>(make) {}
    bool await_ready() noexcept { return static_cast<bool>(this->awaiter().await_ready()); }
    decltype(auto) await_suspend(std::coroutine_handle<Traced> handle) noexcept {
        handle.promise().tasks_handle().done();
        return suspend_by(this->awaiter(), handle);
    }
    decltype(auto) await_resume() noexcept { return this->awaiter().await_resume(); }
};

struct no_facts {};

/// Of a co_await or co_yield. `Child`: the promise of the traced coroutine that is awaited; void: it is something else.
/// `Facts`: wait_facts where what is awaited told them and its awaiter does not.
template <class Traced, class Held, class Child, class Facts, wait_reason Reason>
class traced_awaiter : held_awaiter<Held> {
public:
    template <class Make> traced_awaiter(Make&& make, Facts facts) : held_awaiter<Held>(make), facts_(facts) {}

    bool await_ready() { return static_cast<bool>(this->awaiter().await_ready()); }

    auto await_suspend(std::coroutine_handle<Traced> handle) {
        Traced& promise = handle.promise();
        if (!promise.tasks_handle())
            return suspend_by(this->awaiter(), handle);
        promise.tasks_suspends(told());
        suspended_ = &promise;
        back_on_throw<Traced> guard(promise);
        if constexpr (!std::is_void_v<Child>)
            starting() = {promise.tasks_handle().id(), nullptr, &promise_mark<Child>};
        return leave(handle, guard);
    }

    decltype(auto) await_resume() {
        if (suspended_ != nullptr)
            suspended_->tasks_handle().resumes();
        return this->awaiter().await_resume();
    }

private:
    wait_facts told() noexcept {
        if constexpr (tells_wait<decltype(this->awaiter())>)
            return this->awaiter().tasks_wait();
        else if constexpr (std::is_same_v<Facts, wait_facts>)
            return facts_;
        else
            return {Reason, nullptr, nullptr};
    }

    /// From where await_suspend was called this object may be gone, unless that says that it stays.
    auto leave(std::coroutine_handle<Traced> handle, back_on_throw<Traced>& guard) {
        using Result = decltype(suspend_by(this->awaiter(), handle));
        if constexpr (std::is_void_v<Result>) {
            suspend_by(this->awaiter(), handle);
            guard.suspended();
            forget_start();
        } else if constexpr (std::is_same_v<Result, bool>) {
            const bool suspended = suspend_by(this->awaiter(), handle);
            guard.suspended();
            forget_start();
            if (!suspended) {
                suspended_ = nullptr;
                handle.promise().tasks_handle().resumes();
            }
            return suspended;
        } else {
            auto next = suspend_by(this->awaiter(), handle);
            guard.suspended();
            if constexpr (!std::is_void_v<Child>)
                starting().address = next.address();
            return next;
        }
    }

    static void forget_start() noexcept {
        if constexpr (!std::is_void_v<Child>)
            starting() = {};
    }

    Traced* suspended_ = nullptr;
    [[no_unique_address]] Facts facts_;
};

} // namespace tasks::coroutine_parts

namespace tasks {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow" // the promise may have members of any name

/// The promise type of a coroutine: `Promise`, and what the table is told. Used by the thread that runs, makes or
/// destroys the coroutine.
template <class Promise> class traced : public Promise, public coroutine_parts::traced_promise {
    static_assert(!std::is_final_v<Promise>, "nothing can be derived from a promise that is final");

public:
    traced()
        requires std::is_default_constructible_v<Promise>
    {}
    /// From the coroutine function's arguments, where the promise has such a constructor.
    template <class... Arguments>
        requires(sizeof...(Arguments) > 0 && std::is_constructible_v<Promise, Arguments&...>)
    traced(Arguments&... arguments) : Promise(arguments...) {}
    traced(const traced&) = delete;
    traced& operator=(const traced&) = delete;

    /// Always inlined: into the coroutine function, whose return address tells who called it.
    [[gnu::always_inline]] decltype(auto) get_return_object(const SourcePlace place = SourcePlace::here()) {
        static_assert(alignof(traced) <= 2 * sizeof(void*) || alignof(traced) == alignof(Promise),
                      "handles made from the promise would be wrong");
        const void* frame = std::coroutine_handle<traced>::from_promise(*this).address();
        // In place of the empty one.
        new (&task_) TaskHandle(task_kind::coroutine, place.function, place, frame, __builtin_return_address(0));
        return Promise::get_return_object();
    }

    auto initial_suspend() {
        const auto make = [this]() -> decltype(auto) { return Promise::initial_suspend(); };
        return coroutine_parts::initial_awaiter<traced, decltype(make())>(*this, make);
    }
    auto final_suspend() noexcept {
        const auto make = [this]() noexcept -> decltype(auto) { return Promise::final_suspend(); };
        return coroutine_parts::final_awaiter<traced, decltype(make())>(make);
    }

    template <class Awaited>
    auto await_transform(Awaited&& awaited, coroutine_parts::call_place where = TASKS_CALL_PLACE) {
        using Plain = std::remove_cvref_t<Awaited>;
        if constexpr (std::is_same_v<Plain, coroutine_label>) {
            task_.label(awaited.key, awaited.text, coroutine_parts::place_of(where));
            return std::suspend_never{};
        } else {
            using Child = typename coroutine_parts::awaited_promise<Plain>::type;
            constexpr auto reason = std::is_void_v<Child> ? wait_reason::unknown : wait_reason::await;
            const auto make = [&]() -> decltype(auto) { return transformed(static_cast<Awaited&&>(awaited), where); };
            return awaiter<Child, reason>(make, awaited, where);
        }
    }

    template <class Value = typename coroutine_parts::yielded<Promise>::type>
        requires requires(Promise& promise, Value&& value) { promise.yield_value(static_cast<Value&&>(value)); }
    auto yield_value(Value&& value, coroutine_parts::call_place where = TASKS_CALL_PLACE) {
        const auto make = [&]() -> decltype(auto) { return Promise::yield_value(static_cast<Value&&>(value)); };
        return awaiter<void, wait_reason::chan_send>(make, value, where);
    }

    /// The coroutine's task, to say more about it.
    TaskHandle& tasks_handle() noexcept { return task_; }

private:
    template <class, class> friend class coroutine_parts::initial_awaiter;
    template <class, class, class, class, wait_reason> friend class coroutine_parts::traced_awaiter;

    void tasks_suspends(const wait_facts& facts) noexcept {
        task_.suspends(facts.reason, facts.object, facts.name, coroutine_parts::place_of(place_));
    }
    void tasks_starts() noexcept {
        if (!task_)
            return;
        auto& start = coroutine_parts::starting();
        if (start.parent != 0 && start.promise == &coroutine_parts::promise_mark<traced> &&
            (start.address == nullptr || start.address == std::coroutine_handle<traced>::from_promise(*this).address()))
            task_.awaited_by(start.parent);
        start = {};
        task_.resumes();
    }
    template <class Awaited> decltype(auto) transformed(Awaited&& awaited, coroutine_parts::call_place where) {
        static_cast<void>(where);
        if constexpr (!coroutine_parts::has_await_transform<Promise>::value)
            return static_cast<Awaited&&>(awaited);
        else if constexpr (requires { Promise::await_transform(static_cast<Awaited&&>(awaited), where); })
            return Promise::await_transform(static_cast<Awaited&&>(awaited), where);
        else
            return Promise::await_transform(static_cast<Awaited&&>(awaited));
    }

    template <class Child, wait_reason Reason, class Make, class Awaited>
    auto awaiter(const Make& make, const Awaited& awaited, coroutine_parts::call_place where) {
        using Held = decltype(make());
        place_ = where;
        static_cast<void>(awaited);
        if constexpr (coroutine_parts::tells_wait<Awaited> && !std::is_same_v<std::remove_cvref_t<Held>, Awaited>)
            return coroutine_parts::traced_awaiter<traced, Held, Child, wait_facts, Reason>(make, awaited.tasks_wait());
        else
            return coroutine_parts::traced_awaiter<traced, Held, Child, coroutine_parts::no_facts, Reason>(make, {});
    }

    TaskHandle task_;
    coroutine_parts::call_place place_{}; // of the co_await or co_yield that it comes to
};

#pragma GCC diagnostic pop

} // namespace tasks

#undef TASKS_CALL_PLACE
