// A second look at the threads that wait in a futex for ever, once all threads have been captured. Threads are looked
// at one after the other: two that hand work to each other may both be seen waiting, each in its turn, and a lock may
// have had another owner by then. Here each such thread's schedstat and system call are read, then the memory of its
// lock anew, then both again. Those that did not run and wait where they were captured were all waiting at one moment,
// between the two readings, with the locks as they are told: what follows from that (a cycle, all asleep) is so. Costs
// four small files of /proc a thread, 16 us; nothing is stopped.
#pragma once

#include <span>

#include "capture/deadline.hpp"
#include "capture/process_memory.hpp"
#include "capture/snapshot.hpp"
#include "capture/task_folders.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Sets WaitFacts::steady, and reads futex_bytes anew. Where the deadline passes, no thread is steady.
void find_steady(const World& world, const TaskFolders& folders, const ProcessMemory& memory, const Deadline& deadline,
                 std::span<ThreadFacts> threads);

/// It waits in a futex and has given no time.
bool waits_for_ever(const ThreadFacts& thread);

/// The signals that the process has handlers for; nothing where /proc does not tell.
std::optional<std::uint64_t> caught_signals(const World& world, std::uint32_t pid);

} // namespace tasks::inspect
