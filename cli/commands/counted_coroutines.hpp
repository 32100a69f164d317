// The coroutines of a process, for verbs that only count: most processes have none, so they are looked for first, and
// only where there are some is all that joins them with tasks and threads captured too.
#pragma once

#include <optional>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "commands/invocation.hpp"
#include "error.hpp"

namespace tasks::commands {

/// Adds them to what was captured. Root has been given up then (named_stacks.hpp).
std::optional<inspect::Error> count_coroutines(const inspect::World& world, const Invocation& asked,
                                               inspect::Snapshot& snapshot);

} // namespace tasks::commands
