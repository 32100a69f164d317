#include "analysis/group_labels.hpp"

#include <algorithm>

namespace tasks::inspect {
namespace {

struct Aged {
    std::uint32_t label;
    std::uint64_t age; ///< of the oldest task with it; one more than the real one, 0 where that is not known
};

// The oldest `most` so far, the oldest first; of one age, the first met first. What was pushed out and comes again with
// an older task is older than the last.
void keep(const Aged& next, std::size_t most, std::vector<Aged>& oldest) {
    if (oldest.size() == most && next.age <= oldest.back().age) {
        return;
    }
    const auto known = std::ranges::find(oldest, next.label, &Aged::label);
    if (known != oldest.end()) {
        if (known->age >= next.age) {
            return;
        }
        oldest.erase(known);
    }
    const auto at = std::ranges::find_if(oldest, [&](const Aged& one) { return one.age < next.age; });
    oldest.insert(at, next);
    oldest.resize(std::min(oldest.size(), most));
}

} // namespace

GroupLabels GroupLabelling::of(const Group& group, std::size_t most) {
    GroupLabels labels;
    const auto& list = report_.list;
    if (group.count == 0 || most == 0 || list.snapshot().labels.size() <= 1) {
        return labels;
    }
    std::vector<Aged> oldest;
    auto slot = group.first;
    seen_.resize(list.snapshot().labels.size());
    for (std::uint32_t at = 0; at < group.count; ++at, slot = report_.next[slot]) {
        const auto task = list.at(slot);
        if (label_at(list.snapshot(), task.label) == nullptr) {
            continue;
        }
        ++labels.tasks;
        labels.distinct += seen_[task.label] ? 0u : 1u;
        seen_[task.label] = true;
        keep({task.label, task.age + 1}, most, oldest);
    }
    forget(group);
    for (const auto& [label, age] : oldest) {
        labels.oldest.push_back(label);
    }
    return labels;
}

// Bit by bit: there may be as many groups as labels.
void GroupLabelling::forget(const Group& group) {
    auto slot = group.first;
    for (std::uint32_t at = 0; at < group.count; ++at, slot = report_.next[slot]) {
        const auto label = report_.list.at(slot).label;
        if (label < seen_.size()) {
            seen_[label] = false;
        }
    }
}

} // namespace tasks::inspect
