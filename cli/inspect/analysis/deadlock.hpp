// Who waits for whom: locks with their owners, and what follows from them. Made from a snapshot and its unwound stacks.
// Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analysis/task_list.hpp"

namespace tasks::inspect {

enum class LockKind : std::uint8_t { mutex, rwlock };

/// A lock that a thread waits for, from the memory around its futex and the function that waits.
struct LockFacts {
    LockKind kind = LockKind::mutex;
    std::uint64_t address = 0;
    std::uint32_t owner_tid = 0; ///< 0: nobody, or the library does not keep it
};

/// `waiter` cannot go on before `holder` does something: gives up a lock, ends (join).
struct WaitEdge {
    std::uint32_t waiter_tid = 0;
    std::uint32_t holder_tid = 0;
    std::optional<LockFacts> lock; ///< unset: a join
    bool holder_gone = false;      ///< it has exited and still holds the lock
};

enum class FindingKind : std::uint8_t {
    cycle,       ///< each waits for the next, the last for the first; one member: for itself
    orphan_lock, ///< its owner has exited
    all_asleep,  ///< every task waits on something inside the process, and nothing outside can wake it
};

struct Finding {
    FindingKind kind = FindingKind::cycle;
    std::vector<WaitEdge> edges; ///< of a cycle, in its order
};

} // namespace tasks::inspect
