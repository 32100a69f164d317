#include "housekeeping.hpp"

#include <algorithm>
#include <cstdint>

#include "record_writer.hpp"

namespace tasks::agent {

std::uint64_t Housekeeping::run(std::uint64_t now_ns) noexcept {
    const std::uint64_t table = look_after_table(now_ns);
    return watchdog_ == nullptr ? table : std::min(table, watchdog_->run(now_ns));
}

std::uint64_t Housekeeping::look_after_table(std::uint64_t now_ns) noexcept {
    while (registry_.grow_ahead()) {
    }
    put(registry_.file().header().seen_alive_ns, now_ns);
    if (now_ns >= next_sample_ns_) {
        if (!sample(now_ns)) {
            next_sample_ns_ = 0; // quiet: the next job wakes us, and is sampled at once
            registry_.call_at_next_begin();
            if (!sample(now_ns)) // none began in between, who would not have woken us
                return UINT64_MAX;
        }
        next_sample_ns_ = now_ns + history_interval_ns_;
    }
    return next_sample_ns_;
}

/// True: something was going on since the last sample, or is.
bool Housekeeping::sample(std::uint64_t now_ns) noexcept {
    const protocol::CountsAnswer counts = registry_.now();
    const Counts::Jobs totals = registry_.jobs_ever().value_or(Counts::Jobs{});
    const bool busy =
        counts.tasks > counts.thread_tasks || totals.started != started_before_ || totals.ended != ended_before_;
    if (!busy)
        return false;
    protocol::TableHeader& header = registry_.file().header();
    const std::uint32_t index = get(header.history_next) % protocol::history_entries;
    protocol::HistoryEntry& entry = header.history[index];
    put(entry.at_ns, std::uint64_t{0}); // a reader passes over it while it is written
    put(entry.tasks, static_cast<std::uint32_t>(counts.tasks));
    put(entry.jobs_started, totals.started);
    put(entry.jobs_ended, totals.ended);
    put(entry.at_ns, now_ns);
    put(header.history_next, static_cast<std::uint32_t>((index + 1) % protocol::history_entries));
    started_before_ = totals.started;
    ended_before_ = totals.ended;
    return true;
}

} // namespace tasks::agent
