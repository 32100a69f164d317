// What all blocked threads of a captured process wait on, and which of them surely still do. The last step of a
// capture, whoever captured the threads: an agent tells their system calls, the rest is in /proc, which whoever may ask
// the agent may mostly read too. One thread at a time.
#pragma once

#include "capture/deadline.hpp"
#include "capture/memory_watch.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

struct WaitsAsked {
    std::uint32_t pid = 0;         ///< as we see it
    bool own_pid_namespace = true; ///< false: threads are numbered as the process does
};

/// Fills ThreadFacts::wait, and uninterruptible, of the threads that still are in the system call that they were
/// captured in.
void read_waits(const World& world, const WaitsAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                Snapshot& into);

/// Fills WaitFacts::steady, late_tids and caught_signals; says in `incomplete` where locks cannot be read.
void settle_waits(const World& world, const WaitsAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                  Snapshot& into);

} // namespace tasks::inspect
