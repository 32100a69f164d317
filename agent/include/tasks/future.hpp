// std::async, std::jthread and std::future: what the standard library keeps to itself, told where one asks for it.
//
//     auto answer = tasks::async("query backend", query, host);     // std::async; the work is a job, from the call on
//     int value = tasks::get(answer);                               // while it waits: reason future, and on which one
//     tasks::jthread worker{"drain queue", [](std::stop_token stop) { ... }};
//
// Without it `tasks` still sees the threads, with stacks that end in std::future's wait; what it cannot see is who
// started them, how long they wait, and on which result. A promise that nobody keeps is not seen: only who waits on it.
// Costs: a job, and where a wait really waits, a tasks::Wait. Any thread. Header-only; std::jthread where there is one.
#pragma once

#include <chrono>
#include <cstring>
#include <functional>
#include <future>
#include <thread>
#include <type_traits>
#include <utility>

#include <tasks/job.hpp>
#include <tasks/task_name.hpp>
#include <tasks/wait.hpp>
#include <tasks/wait_reason.hpp>

namespace tasks {

/// The address of the state that a future shares with its promise: tells the waits on one result from others. It is the
/// first word of std::future and std::shared_future in libstdc++ (a shared_ptr) and libc++ (a pointer). Null: no state.
template <class Future> const void* shared_state(const Future& future) noexcept {
    const void* state = nullptr;
    static_assert(sizeof future >= sizeof state);
    std::memcpy(&state, static_cast<const void*>(&future), sizeof state);
    return state;
}

/// future.wait(). A deferred function runs here and now, which is no wait.
template <class Future> void wait(const Future& future, const SourcePlace& place = SourcePlace::here()) {
    if (future.wait_for(std::chrono::seconds{0}) != std::future_status::timeout)
        return future.wait();
    const Wait waits{wait_reason::future, shared_state(future), nullptr, place};
    future.wait();
}

template <class Future, class Clock, class Duration>
std::future_status wait_until(const Future& future, const std::chrono::time_point<Clock, Duration>& moment,
                              const SourcePlace& place = SourcePlace::here()) {
    if (const auto status = future.wait_for(std::chrono::seconds{0}); status != std::future_status::timeout)
        return status;
    const Wait waits{wait_reason::future, shared_state(future), nullptr, place};
    return future.wait_until(moment);
}

template <class Future, class Rep, class Period>
std::future_status wait_for(const Future& future, const std::chrono::duration<Rep, Period>& time,
                            const SourcePlace& place = SourcePlace::here()) {
    return tasks::wait_until(future, std::chrono::steady_clock::now() + time, place);
}

/// future.get(); like it, throws what the function threw.
template <class Future> decltype(auto) get(Future&& future, const SourcePlace& place = SourcePlace::here()) {
    tasks::wait(future, place);
    return std::forward<Future>(future).get();
}

/// std::async(policy, function, arguments...). The job begins here, runs on the thread that carries it, and ends with
/// the function (or with the last future of a deferred function that nobody asked for, which until then is not
/// started).
template <class Function, class... Arguments>
auto async(task_name name, std::launch policy, Function&& function, Arguments&&... arguments) {
    JobHandle job{name.text, name.place};
    job.waits(wait_reason::not_started, nullptr, nullptr, SourcePlace{});
    return std::async(
        policy,
        [job = std::move(job)](auto&& call, auto&&... values) mutable -> decltype(auto) {
            JobHandle ends_here{std::move(job)};
            const auto run = ends_here.run();
            return std::invoke(std::forward<decltype(call)>(call), std::forward<decltype(values)>(values)...);
        },
        std::forward<Function>(function), std::forward<Arguments>(arguments)...);
}

template <class Function, class... Arguments,
          class = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, std::launch>>>
auto async(task_name name, Function&& function, Arguments&&... arguments) {
    return tasks::async(name, std::launch::async | std::launch::deferred, std::forward<Function>(function),
                        std::forward<Arguments>(arguments)...);
}

#ifdef __cpp_lib_jthread
/// std::jthread whose function is a job, from the construction on. Its joins say that they wait; a std::jthread's
/// assignment, swap and destruction through the base do not.
class jthread : public std::jthread {
public:
    jthread() noexcept = default;

    template <class Function, class... Arguments>
    explicit jthread(task_name name, Function&& function, Arguments&&... arguments)
        : std::jthread(
              [job = JobHandle{name.text, name.place}](std::stop_token stop, auto&& call, auto&&... values) mutable {
                  const auto run = job.run();
                  if constexpr (std::is_invocable_v<decltype(call), std::stop_token, decltype(values)...>)
                      std::invoke(std::forward<decltype(call)>(call), std::move(stop),
                                  std::forward<decltype(values)>(values)...);
                  else
                      std::invoke(std::forward<decltype(call)>(call), std::forward<decltype(values)>(values)...);
              },
              std::forward<Function>(function), std::forward<Arguments>(arguments)...) {}

    jthread(jthread&&) noexcept = default;
    jthread& operator=(jthread&& other) noexcept {
        end();
        std::jthread::operator=(std::move(other));
        return *this;
    }
    ~jthread() { end(); }

    void join(const SourcePlace& place = SourcePlace::here()) {
        const Wait waits{wait_reason::join, thread_address(), nullptr, place};
        std::jthread::join();
    }

private:
    void end() noexcept {
        if (joinable()) {
            request_stop();
            join();
        }
    }

    /// glibc's pthread_t is an address.
    const void* thread_address() noexcept { return reinterpret_cast<const void*>(native_handle()); }
};
#endif

} // namespace tasks
