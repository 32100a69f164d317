// What a command wants captured, and how long it may take. Plain value.
#pragma once

#include <cstdint>

#include <tasks/protocol/messages.hpp>

namespace tasks::inspect {

struct CaptureOptions {
    bool figures = true;                                       ///< memory, switches, fds, processors
    bool tasks = true;                                         ///< registered tasks with their sites
    bool threads = true;                                       ///< wait facts of each thread
    std::uint32_t stack_bytes = protocol::default_stack_bytes; ///< copied a thread; 0: wait facts only
    bool touch = true;    ///< threads that run may be sampled, or held for microseconds; from outside only
    bool stop = false;    ///< the whole process is held meanwhile; from outside only
    bool past = false;    ///< with `tasks`: what the table tells of earlier, Snapshot::past; and the memory limit
    bool times = false;   ///< with `threads`: ThreadFacts::times
    bool last_ran = true; ///< how long ago each thread last ran, which costs most of its time
    /// Each thread is looked at again when its stack has been copied, from outside. Not needed where only waits count
    /// that settle_waits() finds steady, which is a second look.
    bool second_look = true;

    std::uint64_t hello_ns = 500'000'000;  ///< after that the agent counts as hung
    std::uint64_t answer_ns = 800'000'000; ///< from the start; what has not come until then is left out
};

/// Shares of the whole deadline, so that a hung process is answered for in time from its table.
inline CaptureOptions with_timeout(CaptureOptions options, std::uint64_t timeout_ns) {
    options.hello_ns = timeout_ns / 2;
    options.answer_ns = timeout_ns / 5 * 4;
    return options;
}

} // namespace tasks::inspect
