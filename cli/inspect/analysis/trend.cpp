// Growth told from one look, with the table's ring of history.
#include <algorithm>

#include "analysis/analyse.hpp"

namespace tasks::inspect {

namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t minute_ns = 60 * second_ns;
constexpr std::uint64_t youngest_ns = 10 * second_ns;

/// The least number of tasks in that time; unset: no look of the history lies in it.
std::optional<std::uint64_t> least_tasks(std::span<const protocol::HistoryEntry> history, std::uint64_t from_ns,
                                         std::uint64_t until_ns) {
    std::optional<std::uint64_t> least;
    for (const auto& entry : history) {
        const bool within = entry.at_ns >= from_ns && entry.at_ns < until_ns && entry.at_ns != 0;
        least = within ? std::min<std::uint64_t>(entry.tasks, least.value_or(entry.tasks)) : least;
    }
    return least;
}

} // namespace

bool grows_all_along(std::span<const protocol::HistoryEntry> history, std::uint64_t now_ns, std::uint64_t tasks_now) {
    constexpr std::uint64_t least_rise = 5;
    auto oldest_ns = now_ns;
    for (const auto& entry : history) {
        oldest_ns = entry.at_ns != 0 ? std::min(oldest_ns, entry.at_ns) : oldest_ns;
    }
    if (now_ns - oldest_ns < minute_ns) {
        return false;
    }
    const auto third_ns = (now_ns - oldest_ns) / 3;
    const auto first = least_tasks(history, oldest_ns, oldest_ns + third_ns);
    const auto second = least_tasks(history, oldest_ns + third_ns, oldest_ns + 2 * third_ns);
    auto third = least_tasks(history, oldest_ns + 2 * third_ns, now_ns);
    if (!first || !second || !third) {
        return false;
    }
    third = std::min(*third, tasks_now);
    return *second > *first && *third > *second && *third - *first >= least_rise &&
           4 * (*third - *second) >= *second - *first;
}

std::optional<double> trend_per_min(std::span<const protocol::HistoryEntry> history, std::uint64_t now_ns,
                                    std::uint64_t tasks_now) {
    // The newest entry that is a minute old; where there is none, the oldest. The history may be of a damaged table:
    // its order is not relied on.
    const protocol::HistoryEntry* base = nullptr;
    for (const auto& entry : history) {
        if (entry.at_ns == 0 || entry.at_ns > now_ns) {
            continue;
        }
        const bool old_enough = now_ns - entry.at_ns >= minute_ns;
        const bool base_old_enough = base != nullptr && now_ns - base->at_ns >= minute_ns;
        const bool better = base == nullptr || (old_enough && (!base_old_enough || entry.at_ns > base->at_ns)) ||
                            (!old_enough && !base_old_enough && entry.at_ns < base->at_ns);
        base = better ? &entry : base;
    }
    if (base == nullptr || now_ns - base->at_ns < youngest_ns) {
        return std::nullopt;
    }
    const auto change = static_cast<double>(tasks_now) - static_cast<double>(base->tasks);
    return change * static_cast<double>(minute_ns) / static_cast<double>(now_ns - base->at_ns);
}

} // namespace tasks::inspect
