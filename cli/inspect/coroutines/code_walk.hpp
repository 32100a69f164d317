// A bounded walk through a resume function from its entry, on values that are known: the frame's address, constants,
// and the suspend index. It follows the dispatch (compare and branch, bit tests, jump tables) and stops where anything
// else decides. Runs nothing; no state.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "coroutines/function_code.hpp"

namespace tasks::inspect {

/// Where a resume function goes on for one index.
struct ResumePlace {
    std::uint64_t address = 0;    ///< in the resume function; 0: the walk did not get to one
    bool by_index = false;        ///< the index decided
    std::uint64_t decided_at = 0; ///< address of the jump
};

/// At most that many instructions a walk: the dispatch of 1,000 points by a tree of comparisons has under 100.
inline constexpr unsigned most_walk_steps = 2000;

/// Where the function goes when the index in that field has that value.
ResumePlace walk_to(const FunctionCode& code, const FrameField& index, std::uint64_t value);

/// The fields of the frame that the code reads before its first call, in order, none twice: one of them is the index.
std::vector<FrameField> fields_read(const FunctionCode& code);

} // namespace tasks::inspect
