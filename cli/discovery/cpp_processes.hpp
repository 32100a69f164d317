// Every living C++ process that we may read and that carries no agent: what `tasks list -a` and `tasks tree` add to the
// survey. Reads a few small files a process; /proc/PID/maps, which waits for a sick process's locks, by a child with a
// deadline, and only where the cache of the last time does not know. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "capture/target.hpp"
#include "capture/world.hpp"
#include "discovery/machine.hpp"

namespace tasks::discovery {

struct CppProcesses {
    std::vector<inspect::Target> targets;           ///< by pid, each with AgentState::none
    std::map<std::uint32_t, std::uint32_t> parents; ///< of every process that is seen
    std::size_t strangers = 0;                      ///< processes of other users, not looked at
    std::size_t late = 0;                           ///< not told in time, and left out
};

/// `known`: pids to leave out, and ourselves.
CppProcesses find_cpp_processes(const inspect::World& world, const Machine& machine,
                                const std::set<std::uint32_t>& known, std::uint64_t patience_ns);

} // namespace tasks::discovery
