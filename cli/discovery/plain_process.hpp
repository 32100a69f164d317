// Processes without an agent: which of them can be looked at from outside, and by which name they go. Reads /proc only;
// their programs' first bytes are read by a child with a deadline. One thread at a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/target.hpp"
#include "capture/world.hpp"
#include "discovery/process_facts.hpp"
#include "error.hpp"

namespace tasks::discovery {

/// The target for a look from outside, with AgentState::none. Fails for one of the kernel's own threads, and for a
/// program of another kind than ours: its memory and its stacks could not be read right.
Result<inspect::Target, inspect::Error> plain_target(const inspect::World& world, const Process& process,
                                                     std::uint64_t patience_ns);

/// Why a program with these first bytes is none that we can look at; "": it is one, or there are too few to tell.
std::string foreign_program(std::string_view first_bytes);

/// The pids of living processes whose command or program is named so, ourselves not among them, at most 64 each.
struct NamedProcesses {
    std::vector<std::uint32_t> ours;
    std::vector<Process> strangers; ///< of other users, that we may not look at
};
NamedProcesses processes_named(const inspect::World& world, std::string_view name);

} // namespace tasks::discovery
