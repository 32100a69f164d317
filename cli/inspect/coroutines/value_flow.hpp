// What a function writes to memory through which pointer, as far as constants and a few pointers can be followed
// through its code: the frame that it was given, and what calls returned. Every path is taken into account: where two
// meet, a register has the constants of both. Bounded; no state.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coroutines/instruction.hpp"

namespace tasks::inspect {

/// Where a pointer comes from.
struct PointerOrigin {
    enum class Kind : std::uint8_t { unknown, argument, call };
    Kind kind = Kind::unknown;
    std::uint64_t call = 0; ///< address of the call that returned it

    bool operator==(const PointerOrigin&) const = default;
};

/// A constant that an instruction may write.
struct WrittenConstant {
    std::uint64_t value = 0;
    std::uint64_t set_at = 0; ///< address of the instruction that put it in the register; of an immediate: itself
};

/// One instruction that writes to memory, not to the stack.
struct MemoryWrite {
    std::uint64_t address = 0; ///< of the instruction
    std::uint64_t block = 0;   ///< where its straight piece of code begins
    PointerOrigin pointer;
    std::int64_t offset = 0; ///< behind the pointer
    std::uint8_t bytes = 0;
    std::vector<WrittenConstant> constants; ///< what it may write; empty: not known
};

/// Where an indirect jump leads.
struct IndirectJump {
    std::uint64_t from = 0;
    std::uint64_t to = 0;
};

/// `entry`: where the function begins, which is given its argument. `jumps`: where those indirect jumps lead that stay
/// in the function.
std::vector<MemoryWrite> memory_writes(std::span<const Instruction> code, std::uint64_t entry,
                                       const std::vector<IndirectJump>& jumps);

} // namespace tasks::inspect
