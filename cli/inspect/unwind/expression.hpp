// Evaluates the DWARF expressions that call frame information uses (DWARF 5, 2.5): arithmetic on registers and words
// of the copied stack. No branches, so an expression ends after as many steps as it has operations; those are capped.
// Value type; elfutils is not needed to evaluate one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "unwind/registers.hpp"

namespace tasks::inspect {

struct Operation {
    std::uint8_t opcode = 0;
    std::uint64_t first = 0;
    std::uint64_t second = 0;
};

using Expression = std::vector<Operation>;

/// PLT entries have 10 operations, signal trampolines 2; an AVX-512 spill in libcrypto has 4.
inline constexpr std::size_t longest_expression = 64;

struct ExpressionInput {
    const Registers& registers;
    const StackBytes& stack;
    std::optional<std::uint64_t> cfa;
};

struct ExpressionResult {
    std::uint64_t value = 0;
    bool is_value = false; ///< ended with DW_OP_stack_value: the value itself, not where it is stored
};

/// Why an expression has no result.
struct ExpressionFailure {
    std::optional<unsigned> unknown_register;
    std::optional<std::uint64_t> not_copied; ///< an address outside the copied bytes
};

/// Null on failure; `failure` then says why, where it is a register or an address that lacks.
std::optional<ExpressionResult> evaluate(const Expression& expression, const ExpressionInput& input,
                                         ExpressionFailure& failure);

} // namespace tasks::inspect
