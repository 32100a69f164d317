// What is missing from a report, a line for each reason. Pure function, any thread.
#pragma once

#include <string>
#include <vector>

#include "capture/snapshot.hpp"

namespace tasks::render {

/// "incomplete: 12 threads (101, 102, ... 4 more): its turn did not come\n" ..., in the order of the first of each.
std::string incomplete_text(const std::vector<inspect::Incomplete>& incomplete);

} // namespace tasks::render
