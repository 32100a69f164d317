// Who waits for whom in a snapshot, with names and places: what `tasks deadlocks` tells, the banner of `tasks stack`,
// and the lock and its holder on each group's line. Names only what it needs: the innermost frames of the threads that
// wait in a futex, and the stacks of holders and of those in a finding (analyse_waits). Values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tasks/protocol/vocabulary.hpp>

#include "analysis/deadlock.hpp"
#include "analysis/lock_facts.hpp"
#include "symbols/frame.hpp"

namespace tasks::inspect {

/// A thread that somebody waits for, or that is part of a finding.
struct WaitPlace {
    std::uint32_t tid = 0;
    std::string name;                                              ///< of its job, or its own
    protocol::WaitReason wait_reason = protocol::WaitReason::none; ///< none: it does not wait
    std::vector<Frame> frames;                                     ///< innermost first; empty: not known
};

/// The lock that a thread waits for.
struct LockWait {
    std::uint32_t tid = 0;
    LockFacts lock;
};

struct WaitGraph {
    std::vector<WaitEdge> edges; ///< by waiter
    std::vector<LockWait> locks; ///< by waiter; of those whose owner nobody knows too
    std::vector<Finding> findings;
    std::vector<WaitPlace> places; ///< by tid

    /// Null where there is none.
    const WaitEdge* edge(std::uint32_t waiter_tid) const;
    const LockWait* lock(std::uint32_t waiter_tid) const;
    const WaitPlace* place(std::uint32_t tid) const;
};

} // namespace tasks::inspect
