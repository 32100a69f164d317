// Where a switched-away stack is to be found in the process's memory: what the frame address of a fiber points to, so
// that `tasks stack` can read and unwind the fiber from outside. Owned by the adapter, at one address while the fiber's
// task lives; written before the fiber runs, never read by the process itself. protocol/TABLE.md describes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tasks::adapters {

/// 32 bytes, little-endian. A fiber that does not run keeps the address of its block of saved registers in a word of
/// the framework's: `slot` is the address of that word, which is 0 while the fiber runs. The offsets are counted in
/// bytes from the block.
struct saved_context {
    static constexpr std::uint64_t magic = 0x585443534b534154; ///< "TASKSCTX"

    std::uint64_t tag = magic;
    std::uint64_t slot = 0;  ///< 0: not known, nothing can be read
    std::uint64_t top = 0;   ///< the stack ends below this address; 0: not known
    std::uint16_t pc_at = 0; ///< where the block has the address to go on at
    std::uint16_t sp_at = 0; ///< what to add to the block's address for the stack pointer that it goes on with
    std::uint16_t fp_at = 0; ///< where the block has the frame pointer (%rbp); equal to pc_at: not known
    std::uint16_t reserved = 0;
};
static_assert(sizeof(saved_context) == 32 && offsetof(saved_context, pc_at) == 24);

} // namespace tasks::adapters
