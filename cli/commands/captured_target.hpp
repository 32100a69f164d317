// From what the user calls a process to a snapshot of it: the first half of every verb that looks at one process.
#pragma once

#include <tasks/protocol/result.hpp>

#include "capture/capture_options.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "commands/invocation.hpp"
#include "error.hpp"

namespace tasks::commands {

Result<inspect::Snapshot, inspect::Error> capture_target(const inspect::World& world, const Invocation& asked,
                                                         const inspect::CaptureOptions& options);

} // namespace tasks::commands
