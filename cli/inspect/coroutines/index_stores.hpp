// The instructions that store a coroutine's suspend index into its frame, each right before it suspends: their lines
// are those of the co_awaits. No state.
#pragma once

#include <cstdint>
#include <vector>

#include "coroutines/code_walk.hpp"
#include "coroutines/function_code.hpp"

namespace tasks::inspect {

struct IndexStore {
    std::uint32_t index = 0;
    /// Of the instruction; where one instruction stores several indexes, of the one that loads this one's constant.
    std::uint64_t address = 0;
    std::uint64_t stored_at = 0;
    bool merged = false; ///< that instruction stores several
    bool certain = true; ///< the pointer is the frame's, proven
    bool ramp = false;   ///< in the function as callers see it
    bool final = false;  ///< beside it the frame's resume function is cleared: the final suspend point
};

/// More points than that one function does not have; what is beyond is left out.
inline constexpr std::uint32_t most_points = 1024;

/// Sorted by index, then address. `resumes`: where the function goes on, for the indexes that the walk knows.
std::vector<IndexStore> index_stores(const FunctionCode& code, const FrameField& index,
                                     const std::vector<ResumePlace>& resumes);

} // namespace tasks::inspect
