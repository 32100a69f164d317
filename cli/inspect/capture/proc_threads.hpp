// The threads of a process from outside, through /proc, with nothing stopped and nothing signalled: the first rung of
// the ladder. For each thread schedstat and syscall are read, the stack is copied from SP, and both are read again;
// unchanged means that it did not run meanwhile (0 torn stacks of 184,000; 14 of 208,000 without the second look).
// For a process whose agent does not answer, or that has none.
#pragma once

#include <vector>

#include "capture/deadline.hpp"
#include "capture/memory_watch.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

struct ThreadsAsked {
    std::uint32_t pid = 0;
    std::uint32_t agent_tid = 0;   ///< left out, as the process itself numbers it; 0: the one named "tasks-agent" is
    bool own_pid_namespace = true; ///< false: threads are numbered as the process does, which /proc/../status tells
    std::uint32_t stack_bytes = protocol::default_stack_bytes; ///< 0: wait facts only
    bool last_ran = false;   ///< how long ago each thread last ran, and whether it is in state D: 15 us a thread
    bool second_look = true; ///< CaptureOptions::second_look
};

/// Fills threads, threads_known, skew and, where threads cannot be listed, incomplete. The threads' numbers as we see
/// them, index by index of into.threads. A thread whose memory hangs its reader has all but its stack.
std::vector<std::uint32_t> read_threads(const World& world, const ThreadsAsked& asked, const Deadline& deadline,
                                        MemoryWatch& watch, Snapshot& into);

/// One thread as it is now; `tid` as we see it. It may hang: for MemoryWatch::run().
ThreadFacts read_thread(const World& world, const ThreadsAsked& asked, std::uint32_t tid);

/// What /proc/PID/task/TID/syscall says: "running", "-1 SP PC", or "NR arg0 ... arg5 SP PC"; false: malformed.
bool parse_syscall(std::string_view line, ThreadFacts& into);

} // namespace tasks::inspect
