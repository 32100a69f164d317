// Stacks of registered fibers that do not run, read from the process's memory: nothing is stopped. A fiber's task is
// registered with the address of a saved_context (protocol/TABLE.md), which tells where its framework keeps the block
// of saved registers and how that is laid out: found out by the process itself, as it differs between versions. All of
// it is the process's word: bounded, and read twice, since a fiber may go on meanwhile. No state.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "capture/process_memory.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

struct FiberStacksAsked {
    std::uint32_t stack_bytes = protocol::default_stack_bytes; ///< of each
    std::function<bool()> enough{};                            ///< asked before each: leaves the rest out; none: never
    std::uint64_t most_bytes = 256u << 20;                     ///< of all together; one that waits has 1 KiB or so
};

/// What became of each.
struct FiberStacksRead {
    std::vector<FiberStack> stacks; ///< by frame
    std::uint64_t running = 0;      ///< or ended: their stacks are their threads', if anybody's
    std::uint64_t changing = 0;     ///< went on at each look
    std::uint64_t unreadable = 0;   ///< nothing at that address that is known, or no longer
    std::uint64_t left_out = 0;     ///< `enough`
    std::uint64_t beyond_limit = 0; ///< `most_bytes`
};

/// `frames`: the addresses that fibers are registered with, in any order.
FiberStacksRead read_fiber_stacks(const ProcessMemory& memory, std::vector<std::uint64_t> frames,
                                  const FiberStacksAsked& asked = {});

/// The stack of the fiber that is registered with that address; null: none was read.
const ThreadFacts* fiber_stack_of(const Snapshot& snapshot, std::uint64_t frame) noexcept;

} // namespace tasks::inspect
