// The labels of a group's tasks: how many there are, and those of the oldest tasks. Goes twice over the tasks of the
// group that is asked for, and not at all where the snapshot has no labels. Holds a bit a label; refers to the report,
// which must outlive it. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/report.hpp"

namespace tasks::inspect {

struct GroupLabels {
    std::vector<std::uint32_t> oldest; ///< indexes into Snapshot::labels, each once, that of the oldest task first
    std::uint64_t distinct = 0;
    std::uint64_t tasks = 0; ///< that have a label
};

class GroupLabelling {
public:
    explicit GroupLabelling(const StackReport& report) : report_(report) {}

    /// At most `most` of the labels are told; `most` is small.
    GroupLabels of(const Group& group, std::size_t most);

private:
    void forget(const Group& group);

    const StackReport& report_;
    std::vector<bool> seen_; ///< by label; all false between two calls
};

} // namespace tasks::inspect
