// Captures a process the best way that is open: through its agent, else from its table and /proc, within the deadline.
#pragma once

#include <tasks/protocol/result.hpp>

#include "capture/capture_options.hpp"
#include "capture/snapshot.hpp"
#include "capture/target.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::inspect {

/// An agent that does not answer in time, or refuses us, is marked in ProcessFacts::agent and answered for from
/// outside; one that breaks the protocol is an error, since nobody knows then who is there.
Result<Snapshot, Error> capture(const World& world, const Target& target, const CaptureOptions& options);

} // namespace tasks::inspect
