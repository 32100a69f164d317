// Whether a crowd of tasks grows: of registered ones from one look, since the table tells when those that live began
// and how many there were in all at moments of the past; of any by several looks. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/leak_crowds.hpp"

namespace tasks::inspect {

struct Growth {
    std::uint64_t more = 0;    ///< tasks at the end than at the beginning, at least
    std::uint64_t over_ns = 0; ///< the time between
    std::uint64_t ended = 0;   ///< that were seen and are not there any more; only by looks
    std::uint32_t looks = 0;   ///< 0: told by the table's history
    std::uint64_t moved = 0;   ///< of those that came, were waiting elsewhere in the meantime; only by looks
    bool confirmed = true;     ///< false: by looks at tasks whose identity is not exact, and must not be told

    double per_min() const {
        constexpr double minute_ns = 60e9;
        return over_ns == 0 ? 0 : static_cast<double>(more) * minute_ns / static_cast<double>(over_ns);
    }
};

/// What the table tells of the past of all that is registered.
struct RegisteredPast {
    std::uint64_t now_ns = 0;
    std::uint64_t began_ns = 0;                  ///< nothing was registered before
    std::vector<protocol::HistoryEntry> history; ///< oldest first
    std::uint64_t started = 0;                   ///< all, until now
    std::uint64_t ended = 0;
    std::vector<std::uint64_t> born_ns; ///< of all that live, ascending
};

/// Of a snapshot that was captured with its past; nothing where there is none.
std::optional<RegisteredPast> past_of(const Snapshot& snapshot);

/// The shortest past from which growth is told: with a look of the history, one in ten seconds, between its ends.
inline constexpr std::uint64_t least_past_ns = 20'000'000'000;

/// Of those that live now and began after a moment of the history, all are more than there were then, but for as many
/// as have ended of those who lived at that moment: the totals tell how many, and of these some were only passing, as
/// many as at any moment. That counts only where they began all along: a burst that has ended is no growth.
std::optional<Growth> growth_from_history(const RegisteredPast& past, const Crowd& crowd);

inline constexpr std::uint64_t least_more = 3;

/// By three looks or more, the newest last: more came than went, and not all at once. Those whose identity is not exact
/// have not come where a look does not find them in the crowd: another one may have their memory since. Nor are they
/// told without looks that confirm it: memory that is used again and again is full at one moment, and at another it is
/// not.
std::optional<Growth> growth_from_looks(std::span<const LeakLook> looks, const std::string& crowd);

/// How many looks that confirm the others it takes, a moment after each other.
inline constexpr std::uint32_t confirming_looks = 3;
inline constexpr std::uint64_t confirming_pause_ns = 150'000'000;

/// How many of the looks were not taken to confirm others: they come first.
std::size_t watching(std::span<const LeakLook> looks);
bool want_confirmation(std::span<const LeakLook> looks);

} // namespace tasks::inspect
