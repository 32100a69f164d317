// Asio's operations as jobs, or as the waits of the coroutines that they belong to: the macros that Asio's headers call
// where an operation begins, completes and is destroyed (its "handler tracking"). This header takes the place of Asio's
// detail/handler_tracking.hpp, by its include guard: see <tasks/asio.hpp>, of which it is a part. Must be seen before
// Asio's headers; nothing of Asio is included here.
//
// Costs an operation a look at two cache lines at its begin and at its end, and a record of the table if no coroutine
// waits for it. An operation that a coroutine waits for is 330 instructions, the coroutine's wait and its going on
// included. No lock, no allocation but for the store's growth. Without an agent: two loads.
#pragma once

#include <cstdint>
#include <new>
#include <string_view>
#include <utility>

#include <tasks/asio_handler_name.hpp>
#include <tasks/asio_operations.hpp>
#include <tasks/asio_queue.hpp>
#include <tasks/asio_reason.hpp>
#include <tasks/asio_window.hpp>
#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>

namespace tasks::asio_adapter {

/// The base that Asio gives its operations. Empty: it takes no room in them.
struct Tracked {};

/// Where the program is in Asio's code: the program's own BOOST_ASIO_HANDLER_LOCATION, or a composed operation's
/// ("async_read"). In a coroutine's first operation it ends the time in which operations are the coroutine's.
class Location {
public:
    Location() noexcept {}
    Location(const char* file, int line, const char* function) noexcept
        : outer_(std::exchange(innermost(), this)), file_(file), function_(function), line_(line) {}
    ~Location() {
        window.close();
        if (file_ != nullptr)
            innermost() = outer_;
    }
    Location(const Location&) = delete;
    Location& operator=(const Location&) = delete;

    /// The outermost: the program's, where it gives one.
    static SourcePlace place() noexcept {
        const Location* at = innermost();
        while (at != nullptr && at->outer_ != nullptr)
            at = at->outer_;
        if (at == nullptr)
            return {};
        // The macro below evaluates __func__ in a lambda.
        const bool named = at->function_ != nullptr && std::string_view{at->function_} != "operator()";
        return {at->file_, named ? at->function_ : "", static_cast<std::uint32_t>(at->line_)};
    }

private:
    static const Location*& innermost() noexcept {
        static thread_local const Location* location = nullptr;
        return location;
    }
    const Location* outer_ = nullptr;
    const char* file_ = nullptr;
    const char* function_ = nullptr;
    int line_ = 0;
};

/// Where an operation of a callback was begun: what the program says, else its handler's type.
template <class AsioOperation> SourcePlace place_of() noexcept {
    using Name = HandlerName<AsioOperation>;
    static constexpr char no_file[1] = {}; // its address tells the types apart
    const SourcePlace place = Location::place();
    return place.line != 0 ? place : SourcePlace{no_file, Name::text.bytes, 0};
}

/// Asio puts an executor's properties into the name: "execute(blk=never,rel=fork)".
inline const char* plain_name(const char* name) noexcept {
    return std::string_view{name}.substr(0, 8) == "execute(" ? "execute" : name;
}

template <class Of> void keep(const void* begun, Of&& of, std::uint32_t queue) noexcept {
    const Operations::Place place = operations.claim(begun);
    if (!place)
        return;
    if (queue != 0)
        queues[queue].depth.fetch_add(1, std::memory_order_relaxed);
    place.publish(begun, std::forward<Of>(of), queue);
}

/// The coroutine whose window is open waits for that operation. One function for all types of operations, so that it is
/// in the cache when it is needed; what is rare is in another one.
[[gnu::noinline]] inline void coroutine_begins_rarely(const void* begun, wait_reason reason, const void* on,
                                                      const char* object_type, std::uint32_t queue) noexcept {
    window.close();
    if (window.task.id != 0 || reason == wait_reason::job_queue)
        keep(begun, window.task, queue);
    TaskHandle::waits(window.task, reason, on, object_type);
}
[[gnu::noinline]] inline void coroutine_begins(const void* begun, wait_reason reason, const void* on,
                                               const char* object_type) noexcept {
    Window& here = window;
    if (here.task.id == 0)
        return here.close();
    const Operations::Place place = operations.claim_at_once(begun);
    if (!place)
        return coroutine_begins_rarely(begun, reason, on, object_type, 0);
    here.close();
    place.publish(begun, here.task, 0);
    TaskHandle::waits(here.task, reason, on, object_type);
}

/// An operation of no coroutine's is a job of its own.
template <class Context, class AsioOperation>
[[gnu::noinline]] void job_begins(Context& context, const AsioOperation& begun, wait_reason reason, const void* on,
                                  const char* object_type, const char* name) noexcept {
    const SourcePlace place = place_of<AsioOperation>();
    JobHandle job{plain_name(name), place};
    if (!job)
        return;
    job.waits(reason, on, object_type, place);
    keep(&begun, std::move(job), reason == wait_reason::job_queue ? queue_of(context) : 0);
}

/// Inlined into Asio's function, so that the compiler knows the two names, and the reason.
template <class Context, class AsioOperation>
[[gnu::always_inline]] inline void creation(Context& context, const AsioOperation& begun, const char* object_type,
                                            const void* object, std::uintmax_t native_handle,
                                            const char* name) noexcept {
    // Descriptors are told by their number, which is no address.
    const void* on =
        native_handle == 0 ? object : reinterpret_cast<const void*>(static_cast<std::uintptr_t>(native_handle));
    const wait_reason reason = reason_of(object_type, name);
    if (!window.open)
        job_begins(context, begun, reason, on, object_type, name);
    else if (reason == wait_reason::job_queue)
        coroutine_begins_rarely(&begun, reason, on, object_type, queue_of(context));
    else
        coroutine_begins(&begun, reason, on, object_type);
}

/// An operation's end: its handler runs within the life of this, or is destroyed with it.
class Completion {
public:
    template <class AsioOperation> explicit Completion(const AsioOperation& ended) noexcept {
        if (window.open)
            keep_outer();
        begin(&ended);
    }
    ~Completion() {
        if (runs_)
            end_job();
        window.close();
        if (within_)
            window = outer_;
    }
    Completion(const Completion&) = delete;
    Completion& operator=(const Completion&) = delete;

    template <class... Results> void invocation_begin(const Results&...) const noexcept {}
    void invocation_end() const noexcept {}

private:
    [[gnu::noinline]] void keep_outer() noexcept {
        within_ = true;
        ::new (static_cast<void*>(&outer_)) Window(window);
    }
    /// Where a coroutine waited for the operation, the next one is that coroutine's too, until it goes on.
    [[gnu::noinline]] void begin(const void* ended) noexcept {
        const Operations::Place place = operations.find_at_once(ended);
        if (!place || !place.operation().is_plain())
            return begin_rarely(ended);
        window.frame = nullptr;
        window.task = place.operation().wait;
        window.open = true;
        place.free_wait();
    }
    [[gnu::noinline]] void begin_rarely(const void* ended) noexcept {
        window.close();
        const Operations::Place place = operations.find(ended);
        if (!place)
            return;
        Operation& operation = place.operation();
        if (operation.in_queue() != 0)
            queues[operation.in_queue()].depth.fetch_sub(1, std::memory_order_relaxed);
        if (operation.is_job()) {
            run_job(place);
            return;
        }
        window.task = operation.wait;
        window.open = true;
        place.free();
    }
    [[gnu::noinline]] void run_job(const Operations::Place& place) noexcept {
        ::new (static_cast<void*>(&job_)) JobHandle(std::move(place.operation().job));
        place.free();
        ::new (static_cast<void*>(&run_)) JobRun(job_.run());
        runs_ = true;
    }
    [[gnu::noinline]] void end_job() noexcept {
        run_.~JobRun();
        job_.~JobHandle();
    }

    bool within_ = false; // another one's handler, or a coroutine that has just suspended
    bool runs_ = false;   // of an operation that is a job of its own
    union {
        Window outer_; // where within_
    };
    union {
        JobHandle job_; // both where runs_
    };
    union {
        JobRun run_;
    };
};

} // namespace tasks::asio_adapter

// What the program defines by itself is left to it.
#if !defined(BOOST_ASIO_DETAIL_HANDLER_TRACKING_HPP) && !defined(BOOST_ASIO_CUSTOM_HANDLER_TRACKING) &&                \
    !defined(BOOST_ASIO_ENABLE_HANDLER_TRACKING)
#define BOOST_ASIO_DETAIL_HANDLER_TRACKING_HPP
#define BOOST_ASIO_INHERIT_TRACKED_HANDLER : public ::tasks::asio_adapter::Tracked
#define BOOST_ASIO_ALSO_INHERIT_TRACKED_HANDLER , public ::tasks::asio_adapter::Tracked
#define BOOST_ASIO_HANDLER_TRACKING_INIT (void)0
#define BOOST_ASIO_HANDLER_LOCATION(arguments) TASKS_ASIO_LOCATION(arguments)
#define BOOST_ASIO_HANDLER_CREATION(arguments) ::tasks::asio_adapter::creation arguments
#define BOOST_ASIO_HANDLER_COMPLETION(arguments) const ::tasks::asio_adapter::Completion tracked_completion arguments
#define BOOST_ASIO_HANDLER_INVOCATION_BEGIN(arguments) tracked_completion.invocation_begin arguments
#define BOOST_ASIO_HANDLER_INVOCATION_END tracked_completion.invocation_end()
#define BOOST_ASIO_HANDLER_OPERATION(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_REGISTRATION(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_DEREGISTRATION(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_READ_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define BOOST_ASIO_HANDLER_REACTOR_EVENTS(arguments) (void)0
#define BOOST_ASIO_HANDLER_REACTOR_OPERATION(arguments) (void)0
#endif
#if !defined(ASIO_DETAIL_HANDLER_TRACKING_HPP) && !defined(ASIO_CUSTOM_HANDLER_TRACKING) &&                            \
    !defined(ASIO_ENABLE_HANDLER_TRACKING)
#define ASIO_DETAIL_HANDLER_TRACKING_HPP
#define ASIO_INHERIT_TRACKED_HANDLER : public ::tasks::asio_adapter::Tracked
#define ASIO_ALSO_INHERIT_TRACKED_HANDLER , public ::tasks::asio_adapter::Tracked
#define ASIO_HANDLER_TRACKING_INIT (void)0
#define ASIO_HANDLER_LOCATION(arguments) TASKS_ASIO_LOCATION(arguments)
#define ASIO_HANDLER_CREATION(arguments) ::tasks::asio_adapter::creation arguments
#define ASIO_HANDLER_COMPLETION(arguments) const ::tasks::asio_adapter::Completion tracked_completion arguments
#define ASIO_HANDLER_INVOCATION_BEGIN(arguments) tracked_completion.invocation_begin arguments
#define ASIO_HANDLER_INVOCATION_END tracked_completion.invocation_end()
#define ASIO_HANDLER_OPERATION(arguments) (void)0
#define ASIO_HANDLER_REACTOR_REGISTRATION(arguments) (void)0
#define ASIO_HANDLER_REACTOR_DEREGISTRATION(arguments) (void)0
#define ASIO_HANDLER_REACTOR_READ_EVENT 0
#define ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define ASIO_HANDLER_REACTOR_EVENTS(arguments) (void)0
#define ASIO_HANDLER_REACTOR_OPERATION(arguments) (void)0
#endif

// Asio's own use in use_awaitable.hpp names members that use_awaitable_t has not, without Asio's tracking.
#define TASKS_ASIO_LOCATION(arguments)                                                                                 \
    const ::tasks::asio_adapter::Location tracked_location = [&] {                                                     \
        if constexpr (::std::string_view{#arguments}.find(".file_name_") == ::std::string_view::npos)                  \
            return ::tasks::asio_adapter::Location arguments;                                                          \
        else                                                                                                           \
            return ::tasks::asio_adapter::Location();                                                                  \
    }()
