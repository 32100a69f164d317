// Captures a process from outside by /proc alone, for tests of what is made from a capture: nothing is stopped, and a
// blocked thread's stack is copied between two equal looks at its `syscall` file. Owner: the caller; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/snapshot.hpp"

namespace tasks::test {

/// The executable mappings, with the build-ids of the files now at their paths.
std::vector<inspect::ModuleFacts> modules_of(int pid);

/// All threads, in ascending order.
std::vector<int> threads_of(int pid);

/// One thread. `capture` says what came of it; a thread that runs is looked at three times.
inspect::ThreadFacts captured(int pid, int tid, std::size_t stack_bytes = 64 << 10);

/// The number of the system call that the thread is blocked in; empty: none.
std::optional<int> blocked_in(int pid, int tid);

/// The program that the process now executes; "" not known.
std::string program_of(int pid);

} // namespace tasks::test
