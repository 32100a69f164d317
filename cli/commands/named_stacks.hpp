// From a snapshot to a report with names: unwinder and symbolizer put together over the target's files.
#pragma once

#include <optional>

#include <tasks/protocol/result.hpp>

#include "analysis/report.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::commands {

/// As root, first gives up being root for good and becomes the target's user: its ELF and DWARF files are parsed, and
/// whoever wrote them must gain nothing by that. Nothing that needs root may come after.
Result<inspect::StackReport, inspect::Error> name_stacks(const inspect::World& world, const inspect::Snapshot& snapshot,
                                                         const inspect::StackOptions& options);

/// Likewise, of who waits for whom.
Result<inspect::DeadlockReport, inspect::Error> name_waits(const inspect::World& world,
                                                           const inspect::Snapshot& snapshot);

/// Unwinds and names all that is in it, for a file that is read where the target's files are not.
std::optional<inspect::Error> name_snapshot(const inspect::World& world, inspect::Snapshot& snapshot);

} // namespace tasks::commands
