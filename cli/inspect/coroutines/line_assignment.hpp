// Lines for a coroutine's suspend points: both compilers number them in source order, so of all lines that speak for
// each point those are taken that do not fall, and have the most evidence together. A pure calculation.
#pragma once

#include <cstdint>
#include <vector>

namespace tasks::inspect {

struct LineCandidate {
    std::uint32_t line = 0;
    std::uint32_t weight = 0;
    bool proven = false; ///< the line of the store itself

    bool operator==(const LineCandidate&) const = default;
};

/// More for one point are left out, the lightest first.
inline constexpr std::size_t most_candidates = 16;

/// `points`: the candidates of each point, in source order. The result has one for each; line 0: none fits.
std::vector<LineCandidate> assigned_lines(std::vector<std::vector<LineCandidate>> points);

} // namespace tasks::inspect
