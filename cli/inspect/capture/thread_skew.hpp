// How far apart in time the threads of a capture were looked at. Pure function.
#pragma once

#include <algorithm>
#include <vector>

#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// Nanoseconds between the first and the last thread that has a time; 0 for fewer than two.
inline std::uint64_t skew_of(const std::vector<ThreadFacts>& threads) {
    std::uint64_t first = ~0ull;
    std::uint64_t last = 0;
    for (const auto& thread : threads) {
        if (thread.taken_at_ns != 0) {
            first = std::min(first, thread.taken_at_ns);
            last = std::max(last, thread.taken_at_ns);
        }
    }
    return last > first ? last - first : 0;
}

} // namespace tasks::inspect
