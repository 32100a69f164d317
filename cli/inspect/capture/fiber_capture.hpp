// The part of a capture that is about fibers: which are registered and not on a thread, their stacks, and what is said
// of those that have none. See fiber_stacks.hpp. No state.
#pragma once

#include <cstdint>

#include "capture/deadline.hpp"
#include "capture/memory_watch.hpp"
#include "capture/process_memory.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// Of a process that lives. Where it has no registered fibers, or no stacks are asked for (0), nothing is read.
void capture_fibers(std::uint32_t pid, std::uint32_t stack_bytes, const Deadline& deadline, MemoryWatch& watch,
                    Snapshot& into);

/// From memory that does not change: of a core.
void capture_fibers(const ProcessMemory& memory, Snapshot& into);

} // namespace tasks::inspect
