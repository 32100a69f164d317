// What a table tells of the past: its newest minute, and when it was last written. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <tasks/protocol/table_layout.hpp>
#include <tasks/protocol/table_reader.hpp>

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

/// When the process was last alive for certain: the agent's thread writes at least every 10 s while jobs live (or as
/// rarely as the host chose), tasks in between. `newest_ns`: the newest time of a task. One over an hour later than the
/// agent's is damage.
inline std::uint64_t last_written_ns(const protocol::TableFacts& facts, std::uint64_t newest_ns) {
    constexpr std::uint64_t hour_ns = 3'600'000'000'000;
    const bool plausible = newest_ns > facts.seen_alive_ns && newest_ns - facts.seen_alive_ns < hour_ns;
    return plausible ? newest_ns : facts.seen_alive_ns;
}

} // namespace tasks::inspect
