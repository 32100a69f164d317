// From what the user calls a process, or its file, to a snapshot of it: the first half of every verb that looks at one
// process. Where it is to be saved it is, stacks unwound and named; then root has been given up (named_stacks.hpp).
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
