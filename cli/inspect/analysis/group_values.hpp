// The arguments and locals of a group's coroutines: of each of its frames, each variable with the first of the values
// that it has among the group's tasks. Pure function; views into the report's snapshot.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analysis/report.hpp"

namespace tasks::inspect {

struct GroupValue {
    std::string_view name;
    bool local = false;
    std::vector<std::string_view> first; ///< distinct ones, in the order of the tasks
    std::uint64_t distinct = 0;
};

/// By frame of the group's shape; at most `most` values are told of each variable. Empty where none were asked for, or
/// the group's tasks are no suspended coroutines.
std::vector<std::vector<GroupValue>> values_of(const StackReport& report, const Group& group, std::size_t most);

/// Arguments, and locals where they were asked for.
bool is_asked(const StackOptions& asked, const FrameValue& value);

} // namespace tasks::inspect
