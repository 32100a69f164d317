// Which suspend indexes a coroutine function has, and which point each means. g++: 0 and 2 are the initial one, then 4,
// 6, ... in source order up to the final one; odd values destroy the frame at the point before. clang: dense, 0 is the
// initial one where the coroutine can be suspended there. No state.
#pragma once

#include <cstdint>
#include <vector>

#include "coroutines/coroutine_facts.hpp"
#include "coroutines/index_stores.hpp"

namespace tasks::inspect {

/// One suspend point as its code has it.
struct CodePoint {
    std::uint32_t number = 0; ///< as SuspendPoint's
    PointKind kind = PointKind::await;
    std::uint32_t index = 0; ///< the value that stands for it
    bool stored = true;      ///< false: frames that are there have another mark (clang: no resume function)
    std::vector<IndexStore> stores;
    ResumePlace resume;
};

struct CodePoints {
    std::vector<CodePoint> points; ///< in source order
    bool complete = false;         ///< the number of points is proven: g++'s dispatch names all
};

/// `index` unset: clang's coroutine with one point.
CodePoints code_points(const FunctionCode& code, const std::optional<FrameField>& index);

} // namespace tasks::inspect
