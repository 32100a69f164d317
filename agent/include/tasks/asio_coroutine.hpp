// The promises of Asio's coroutines, each derived from Asio's own: a coroutine of the program's registers itself, tells
// the line of each co_await where it suspends, and whose logical stack it is a frame of. What Asio does is untouched:
// its frames, cancellation, exceptions and the order in which coroutines run. Asio sees its own promise type
// everywhere. Adds to each coroutine's frame a TaskHandle, and for each co_await at most 32 bytes. No allocation, no
// lock. Part of <tasks/asio.hpp>; nothing of Asio is included here.
#pragma once

#if defined(__cpp_impl_coroutine) && defined(__cpp_concepts)

#include <coroutine>
#include <memory>
#include <type_traits>
#include <utility>

#include <tasks/asio_window.hpp>

namespace tasks::asio_adapter {

/// What a coroutine awaits: Asio's awaiter, with the coroutine told when it suspends and goes on.
template <class Frame, class Promise, class Awaiter> struct Awaited {
    Awaiter awaiter; // made in place: some hold their own address
    SourcePlace place;
    Promise* suspended = nullptr; // whose coroutine this is, once it has suspended

    decltype(auto) await_ready() noexcept(noexcept(awaiter.await_ready())) { return awaiter.await_ready(); }
    decltype(auto) await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
        noexcept(awaiter.await_suspend(std::declval<std::coroutine_handle<Frame>>()))) {
        suspended = &coroutine.promise();
        suspended->suspends(place);
        return awaiter.await_suspend(std::coroutine_handle<Frame>::from_address(coroutine.address()));
    }
    decltype(auto) await_resume() noexcept(noexcept(awaiter.await_resume())) {
        if (suspended != nullptr)
            suspended->resumes();
        return awaiter.await_resume();
    }
};

template <class Frame, class Promise> struct ObservedFrame : Frame {
    template <class Awaitable>
        requires requires(Frame& frame, Awaitable&& awaitable) {
            frame.await_transform(std::forward<Awaitable>(awaitable));
        }
    auto await_transform(Awaitable&& awaitable, SourcePlace place = SourcePlace::here()) {
        using Awaiter = decltype(Frame::await_transform(std::forward<Awaitable>(awaitable)));
        return Awaited<Frame, Promise, Awaiter>{Frame::await_transform(std::forward<Awaitable>(awaitable)), place};
    }
};

/// The bottom of each chain, which co_spawn makes: not registered, but what it waits for is its own.
template <class Frame> struct EntryFrame : ObservedFrame<Frame, EntryFrame<Frame>> {
    void suspends(const SourcePlace&) noexcept { window = Window{.open = true}; }
    void resumes() noexcept { window.close(); }
};

template <class Frame> class TracedFrame : public ObservedFrame<Frame, TracedFrame<Frame>> {
public:
    TracedFrame() noexcept {}
    ~TracedFrame() { task_.~TaskHandle(); }
    TracedFrame(const TracedFrame&) = delete;
    TracedFrame& operator=(const TracedFrame&) = delete;

    /// Inlined into the part of the coroutine that its caller calls: so the return address is in that caller.
    [[gnu::always_inline]] auto get_return_object(const SourcePlace& place = SourcePlace::here()) noexcept {
        static_assert(alignof(TracedFrame) == alignof(Frame), "Asio finds a coroutine's frame from its own promise");
        const void* frame = std::coroutine_handle<TracedFrame>::from_promise(*this).address();
        ::new (static_cast<void*>(std::addressof(task_)))
            TaskHandle{task_kind::coroutine, place.function, place, frame, __builtin_return_address(0)};
        return Frame::get_return_object();
    }

    auto initial_suspend() noexcept {
        struct Start : decltype(std::declval<Frame&>().initial_suspend()) {
            TracedFrame* promise;
            void await_resume() noexcept { promise->starts(); }
        };
        return Start{Frame::initial_suspend(), this};
    }

    void suspends(const SourcePlace& place) noexcept {
        task_.awaits(place, window.task);
        window.open = true;
        window.frame = asio_frame();
        window.handle = &task_;
    }
    void resumes() noexcept {
        window.close();
        task_.resumes();
    }

private:
    /// As Asio's pointers to callers have it.
    const void* asio_frame() const noexcept {
        return static_cast<decltype(this->caller_)>(const_cast<TracedFrame*>(this));
    }

    void starts() noexcept {
        // Nothing runs on this thread between the caller's suspension and this. A caller without our promise leaves
        // the window as it was, and its own address is another.
        if (this->caller_ != nullptr && window.frame == this->caller_)
            task_.awaited_by(*window.handle);
        resumes();
    }

    union {
        TaskHandle task_; // begun in get_return_object(), which every coroutine calls first
    };
};

/// Asio's own coroutine around one operation, which takes the token as its second argument, has no line of the
/// program's: its operation is the caller's wait.
template <class Token, class... Arguments> inline constexpr bool is_initiation = false;
template <class Token, class Initiation, class... Rest>
inline constexpr bool is_initiation<Token, Initiation, Token, Rest...> = true;

} // namespace tasks::asio_adapter

/// The promises above for one Asio, whose namespace is `library`: for every type of executor. Asio's own specialization
/// has no constraint, so this is the more narrow one. A macro, since a namespace cannot be a template's parameter.
#define TASKS_ASIO_COROUTINES(library)                                                                                 \
    template <typename T, typename Executor, typename... Arguments>                                                    \
        requires(!tasks::asio_adapter::is_initiation<library::use_awaitable_t<Executor>, Arguments...>)                \
    struct std::coroutine_traits<library::awaitable<T, Executor>, Arguments...> {                                      \
        using promise_type = tasks::asio_adapter::TracedFrame<library::detail::awaitable_frame<T, Executor>>;          \
    };                                                                                                                 \
    template <typename Executor, typename... Arguments>                                                                \
        requires(!tasks::asio_adapter::is_initiation<library::use_awaitable_t<Executor>, Arguments...>)                \
    struct std::coroutine_traits<library::awaitable<library::detail::awaitable_thread_entry_point, Executor>,          \
                                 Arguments...> {                                                                       \
        using promise_type = tasks::asio_adapter::EntryFrame<                                                          \
            library::detail::awaitable_frame<library::detail::awaitable_thread_entry_point, Executor>>;                \
    };

#endif
