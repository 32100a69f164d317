#include "analysis/analyse.hpp"

#include <algorithm>

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
    return group.one_name && group.count > 0 ? list.name(members[group.first]) : std::string();
}

std::vector<std::uint32_t> StackReport::oldest_first(const Group& group) const {
    const auto begin = members.begin() + group.first;
    std::vector<std::uint32_t> slots(begin, begin + group.count);
    const auto rank = [&](std::uint32_t slot) { return ~(list.at(slot).age + 1); }; // unknown + 1 is 0: last
    if (!std::ranges::is_sorted(slots, {}, rank)) { // records of one thread are in the order of their waits
        std::ranges::stable_sort(slots, {}, rank);
    }
    return slots;
}

} // namespace tasks::inspect
