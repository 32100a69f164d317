// What the debug information says of the lines of a coroutine's suspend points: candidates from the instructions that
// store each index, what stands around them, and where the function goes on. A pure calculation.
#pragma once

#include <vector>

#include "coroutines/coroutine_lines.hpp"
#include "coroutines/line_assignment.hpp"
#include "coroutines/point_indexes.hpp"

namespace tasks::inspect {

struct PointLine {
    LineCandidate chosen;              ///< line 0: none
    bool exact = false;                ///< it is the line of the co_await, proven without the source
    std::vector<std::uint32_t> stored; ///< lines of the instructions that store its index alone, inside the body
};

/// One for each point. Initial and final points have none.
std::vector<PointLine> point_lines(const CoroutineBody& body, CoroutineCompiler compiler,
                                   const std::vector<CodePoint>& points);

} // namespace tasks::inspect
