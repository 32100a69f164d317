// The process's one run of the agent, shared by all that started it: what tasks::Agent and the C interface are made of.
// And what becomes of it at fork(), exit() and quick_exit().
//
// A forked child has none of it: what leads to the run lies in a page that the kernel wipes (raw clone() and _Fork()
// too). After fork() a handler also closes the descriptors that the child got of it, and starts a run of the child's
// own where AgentOptions::start_after_fork asks for it, in which the copies of the parent's shares are counted. Any
// thread, not in signal handlers.
#pragma once

#include <cstdint>
#include <string>

#include <tasks/agent.hpp>

namespace tasks::agent {

/// Starts the run, or joins the one there is; its number, 0 where nothing runs. `problem` gets a sentence where
/// something fails, also only a part of it.
std::uint64_t take_share(const AgentOptions& options, std::string& problem) noexcept;

/// Gives a share in that run back; the last one stops it. Of a run that is over, or the parent's before a fork:
/// nothing.
void give_share(std::uint64_t run) noexcept;

} // namespace tasks::agent
