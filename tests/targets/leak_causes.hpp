// What the tests of leaks_catch2.cpp and its like do: LEAK_CAUSES(MAKE) has MAKE(name, leak, repair) for each cause of
// leaks of the demo service, as threads and as coroutines.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <tasks/job.hpp>

#include "cause.hpp"
#include "channel.hpp"
#include "coroutines/coroutine_cause.hpp"

namespace leaking {

/// The threads' own, which the service has as coroutines alone.
void abandoned_generator();
void ended_generator();
void late_answer();
void awaited_answer();

inline void thread(std::size_t cause) {
    Stuck stuck;
    causes[cause].leak(stuck);
    stuck.wait();
}

inline void repaired_thread(std::size_t cause) { causes[cause].repaired({}); }

/// Of what a coroutine leaves behind: goes when the test is over, and its check.
inline boost::asio::io_context& context() {
    static auto& one = *new boost::asio::io_context{1};
    return one;
}

inline boost::asio::io_context& handling(coroutines::Handled request) {
    context().restart();
    boost::asio::co_spawn(context(), std::move(request), boost::asio::detached);
    return context();
}

/// Until nothing happens any more: the slowest backend takes 60 ms. The most that any takes is 6 steps, but for the
/// loops, which never end.
inline void coroutine(std::size_t cause) {
    auto& running = handling(coroutines::causes[cause].leak());
    for (int step = 0; step < 10 && running.run_one_for(std::chrono::milliseconds{300}) != 0; ++step) {
    }
}

/// Until all of it has ended.
inline void repaired_coroutine(std::size_t cause) {
    handling(coroutines::causes[cause].repaired()).run_for(std::chrono::seconds{60});
}

} // namespace leaking

#define LEAK_CAUSES(MAKE)                                                                                              \
    MAKE(thread_send_without_receiver, leaking::thread(0), leaking::repaired_thread(0))                                \
    MAKE(thread_receive_without_sender, leaking::thread(1), leaking::repaired_thread(1))                               \
    MAKE(thread_nil_channel, leaking::thread(2), leaking::repaired_thread(2))                                          \
    MAKE(thread_mutex, leaking::thread(3), leaking::repaired_thread(3))                                                \
    MAKE(thread_busy_loop, leaking::thread(4), leaking::repaired_thread(4))                                            \
    MAKE(thread_sleep_loop, leaking::thread(5), leaking::repaired_thread(5))                                           \
    MAKE(thread_io_without_timeout, leaking::thread(6), leaking::repaired_thread(6))                                   \
    MAKE(thread_abandoned_generator, leaking::abandoned_generator(), leaking::ended_generator())                       \
    MAKE(thread_late_answer, leaking::late_answer(), leaking::awaited_answer())                                        \
    MAKE(coroutine_send_without_receiver, leaking::coroutine(0), leaking::repaired_coroutine(0))                       \
    MAKE(coroutine_receive_without_sender, leaking::coroutine(1), leaking::repaired_coroutine(1))                      \
    MAKE(coroutine_nil_channel, leaking::coroutine(2), leaking::repaired_coroutine(2))                                 \
    MAKE(coroutine_mutex, leaking::coroutine(3), leaking::repaired_coroutine(3))                                       \
    MAKE(coroutine_busy_loop, leaking::coroutine(4), leaking::repaired_coroutine(4))                                   \
    MAKE(coroutine_sleep_loop, leaking::coroutine(5), leaking::repaired_coroutine(5))                                  \
    MAKE(coroutine_io_without_timeout, leaking::coroutine(6), leaking::repaired_coroutine(6))                          \
    MAKE(coroutine_abandoned_generator, leaking::coroutine(7), leaking::repaired_coroutine(7))                         \
    MAKE(coroutine_late_answer, leaking::coroutine(8), leaking::repaired_coroutine(8))
