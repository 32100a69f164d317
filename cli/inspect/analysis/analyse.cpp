#include "analysis/analyse.hpp"

#include <algorithm>
#include <utility>

#include "analysis/grouping.hpp"

namespace tasks::inspect {

StackReport analyse_stacks(const Snapshot& snapshot, const StackSource& source, const StackOptions& options) {
    Grouping grouping(snapshot, source, options);
    grouping.pick();
    grouping.name();
    grouping.join();
    grouping.match();
    grouping.finish();
    return grouping.take();
}

std::string StackReport::name(const Group& group) const {
    return group.one_name && group.count > 0 ? list.name(group.first, shape(group).frames) : std::string();
}

std::vector<std::uint32_t> StackReport::oldest_first(const Group& group) const {
    std::vector<std::uint32_t> slots(group.count);
    for (auto slot = group.first; auto& each : slots) {
        each = std::exchange(slot, next[slot]);
    }
    const auto rank = [&](std::uint32_t slot) { return std::pair(~(list.at(slot).age + 1), slot); }; // unknown: last
    if (!std::ranges::is_sorted(slots, {}, rank)) { // records of one thread are in the order of their waits
        std::ranges::sort(slots, {}, rank);
    }
    return slots;
}

} // namespace tasks::inspect
