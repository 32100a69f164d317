// Which co_await of the source each suspend point is. Both go in the same order; compilers drop what is never reached
// and optimizers copy loops, so a word may have no point, and one in a loop several. A point's line is taken only where
// every way to lay them side by side gives the same one. A pure calculation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "coroutines/source_tokens.hpp"

namespace tasks::inspect {

struct AlignmentRules {
    bool one_to_one = false;   ///< every word has one point: g++, which numbers them before it optimizes
    bool loops_copied = false; ///< clang
};

/// `stored`: for each point the lines that its stores have; none: no evidence. A line for each point, 0: declined.
std::vector<std::uint32_t> lines_of_tokens(const std::vector<SourceToken>& tokens,
                                           std::span<const std::vector<std::uint32_t>> stored,
                                           const AlignmentRules& rules);

} // namespace tasks::inspect
