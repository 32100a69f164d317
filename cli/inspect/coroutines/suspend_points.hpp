// The places at which one coroutine function can be suspended, and which of them an index that was read in a frame
// means. The index always identifies the point, on every compiler and level, without debug information too; its line is
// told as exact only where it is proven. Reads code, debug information and, where it is readable, the source. No state.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "coroutines/coroutine_code.hpp"
#include "coroutines/coroutine_facts.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

struct SuspendPoints {
    /// In source order; a point's place in here is not its number where there is no initial one.
    std::vector<SuspendPoint> points;
    /// Index values with the place in `points` that each means, sorted.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_index;
    /// Where a frame has its index. Unset: nowhere (clang leaves it out where there is one point only: take 0), or not
    /// found.
    std::optional<FrameField> index;

    /// Place in `points` of what an index means; CoroutineFrame::no_point: no point has it.
    std::uint32_t at(std::uint64_t index_value) const;

    bool operator==(const SuspendPoints&) const = default;
};

/// `layout`: its index field is taken where it is set, else index_field()'s; its members tell awaiters. Never fails:
/// what is not known is left out.
SuspendPoints suspend_points(ElfModule& module, const CoroutineCode& code, const FrameLayout& layout);

} // namespace tasks::inspect
