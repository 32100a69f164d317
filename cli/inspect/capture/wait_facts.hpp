// What a blocked thread waits on, from its system call and arguments: the fd and what it is, how many fds, how long, and
// the memory around a futex. Reads /proc and the target's memory at the moment of the capture; stops nothing.
#pragma once

#include "capture/process_memory.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Fills `thread.wait` of a captured thread that is in a system call; what cannot be read stays unset.
void read_wait(const World& world, std::uint32_t pid, const ProcessMemory& memory, ThreadFacts& thread);

} // namespace tasks::inspect
