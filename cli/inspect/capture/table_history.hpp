// What the ring of history in a table tells about its newest minute. Pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <tasks/protocol/table_layout.hpp>

namespace tasks::inspect {

/// Jobs started minus ended over the newest minute of the history (entries oldest first), or over what there is of
/// it; nothing where it holds fewer than two looks, or looks that contradict each other.
inline std::optional<std::int64_t> jobs_last_minute(const std::vector<protocol::HistoryEntry>& history) {
    constexpr std::uint64_t minute_ns = 60'000'000'000;
    if (history.size() < 2) {
        return std::nullopt;
    }
    const auto& newest = history.back();
    for (const auto& entry : history) {
        if (entry.at_ns >= newest.at_ns || newest.at_ns - entry.at_ns > minute_ns) {
            continue;
        }
        if (newest.jobs_started < entry.jobs_started || newest.jobs_ended < entry.jobs_ended) {
            return std::nullopt;
        }
        return static_cast<std::int64_t>(newest.jobs_started - entry.jobs_started) -
               static_cast<std::int64_t>(newest.jobs_ended - entry.jobs_ended);
    }
    return std::nullopt;
}

} // namespace tasks::inspect
