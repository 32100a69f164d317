// How to get from one pc's registers to its caller's: one row of the call frame table (DWARF 5, 6.4), copied out of
// libdw so that it can be kept and applied thousands of times. Value types; applying does no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "unwind/expression.hpp"
#include "unwind/registers.hpp"

namespace tasks::inspect {

struct RegisterRule {
    enum class Kind : std::uint8_t {
        stored_at_cfa, ///< in the word at CFA + offset
        cfa_plus,      ///< is CFA + offset
        in_register,   ///< is in the register `offset`
        expression,    ///< stored at, or is, what the expression says
    };
    std::uint8_t number = 0;
    Kind kind = Kind::stored_at_cfa;
    std::int64_t offset = 0;
    Expression expression;
};

struct FrameRow {
    bool signal_return = false; ///< not by rules: the kernel's signal frame lies at the stack pointer
    bool interrupted = false;   ///< the caller was interrupted, not calling: its pc is exact
    bool outermost = false;     ///< the return address is undefined: nobody called
    std::uint8_t cfa_register = x86_64::rsp;
    std::int64_t cfa_offset = 0;
    Expression cfa_expression; ///< instead of register and offset, where not empty
    std::uint32_t same = x86_64::callee_saved;
    std::vector<RegisterRule> rules;
};

/// What became of one step.
struct Step {
    enum class End : std::uint8_t {
        stepped,
        outermost,        ///< nobody called: the root
        unknown_register, ///< `number` is needed
        not_copied,       ///< `address` lies outside the copied bytes
        unusable,         ///< the rules make no sense
    };
    End end = End::unusable;
    Registers caller; ///< when stepped
    unsigned number = 0;
    std::uint64_t address = 0;
};

Step apply(const FrameRow& row, const Registers& registers, const StackBytes& stack);

/// The rules of code that has none but keeps frame pointers, as libdw's users (eu-stack) follow them.
FrameRow frame_pointer_row();

} // namespace tasks::inspect
