// Threads that run, from outside: the second rung of the ladder. A software perf event samples registers and stack
// while the thread goes on, where the kernel permits it; else that thread alone is seized and interrupted
// (PTRACE_SEIZE, PTRACE_INTERRUPT), its registers and stack are copied, and it goes on. All at once, with one deadline:
// 64 spinning threads on two cores take 7 to 9 s one after the other, under half a second together. Whatever happens to
// us, no thread stays stopped: the kernel detaches what a dead tracer held.
#pragma once

#include <span>

#include "capture/deadline.hpp"
#include "capture/memory_watch.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

struct RunningAsked {
    std::uint32_t pid = 0;         ///< as we see it
    std::uint32_t stack_bytes = 0; ///< copied a thread
    bool touch = true;             ///< false (--no-touch): neither perf events nor ptrace
    bool sample = true;            ///< false: no perf events, as where the kernel refuses them
};

/// Captures those of `threads` that were running, or ran between two looks; `tids`: their numbers as we see them, index
/// by index. What is captured has registers, stack and running_by; what has blocked meanwhile is captured as blocked;
/// what is not captured keeps why. Problems that are the machine's (perf_event_paranoid, Yama, a container) become one
/// entry of `incomplete` with the way out. Threads that may not be looked at (Yama, a container) and run are tried too:
/// perf events ask for less than /proc/PID/task/TID/syscall does.
void capture_running(const World& world, const RunningAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                     std::span<const std::uint32_t> tids, std::span<ThreadFacts> threads,
                     std::vector<Incomplete>& incomplete);

} // namespace tasks::inspect
