// Captures a living process through its agent: figures, tasks, threads. Registered tasks are read from the table
// file where it can be opened, which costs the process nothing; else the agent is asked for them.
// Does not judge whether a silent agent hangs: capture.hpp falls back to the table then.
#pragma once

#include <tasks/protocol/result.hpp>

#include "capture/agent_client.hpp"
#include "capture/capture_options.hpp"
#include "capture/snapshot.hpp"
#include "capture/target.hpp"

namespace tasks::inspect {

/// What came before a deadline in the middle of the answers is kept, what did not is named in `incomplete`.
Result<Snapshot, AgentError> capture_from_agent(const World& world, const Target& target,
                                                const CaptureOptions& options);

} // namespace tasks::inspect
