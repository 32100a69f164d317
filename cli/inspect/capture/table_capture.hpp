// Captures a process without its agent: tasks from the table that it left, threads and figures from /proc.
// For a process that is hung, stopped, refuses us, is dead, or never had an agent: then its threads are its tasks. What
// this way cannot know is said in `incomplete`.
#pragma once

#include <tasks/protocol/result.hpp>

#include "capture/capture_options.hpp"
#include "capture/snapshot.hpp"
#include "capture/target.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::inspect {

/// Fails for a dead process whose table cannot be read, and for a living one that has neither table nor threads to see.
Result<Snapshot, Error> capture_from_table(const World& world, const Target& target, AgentState state,
                                           const CaptureOptions& options);

} // namespace tasks::inspect
