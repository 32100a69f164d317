// What follows from who waits for whom: cycles, locks whose owners are gone, a process in which all are asleep. Made
// from a snapshot and the functions that its threads wait in (analysis/wait_graph.hpp). Only waits that are steady
// count (capture/steady_waits.hpp): of a snapshot without a second look, nothing is claimed. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "analysis/lock_facts.hpp"

namespace tasks::inspect {

/// `waiter` cannot go on before `holder` does something: gives up a lock, ends (join).
struct WaitEdge {
    std::uint32_t waiter_tid = 0;
    std::uint32_t holder_tid = 0;
    std::optional<LockFacts> lock; ///< unset: a join
    bool holder_gone = false;      ///< it has exited and still holds the lock
    bool steady = false;           ///< nothing but the holder can end it, and it was so at one moment with all others
};

enum class FindingKind : std::uint8_t {
    cycle,       ///< each waits for the next, the last for the first; one member: for itself
    orphan_lock, ///< its owner has exited
    all_asleep,  ///< every task waits on something inside the process, and nothing outside can wake it
};

struct Finding {
    FindingKind kind = FindingKind::cycle;
    std::vector<WaitEdge> edges; ///< of a cycle, in its order; of an orphan lock, whoever waits for it; else none
};

/// Cycles first, each once and from its smallest tid on, then orphan locks, then all_asleep, which is told only where
/// no cycle tells why.
std::vector<Finding> find_deadlocks(const std::vector<WaitEdge>& edges, bool all_asleep);

} // namespace tasks::inspect
