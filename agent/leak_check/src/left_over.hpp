// What is left of a scope's tasks, by numbers alone: the look that a check takes up to 21 times. Nothing is captured,
// unwound or named here. Any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "coroutine_keys.hpp"
#include "leak_options.hpp"
#include "watched_threads.hpp"

namespace tasks::leaks {

/// Tasks that should have ended.
struct LeftOver {
    std::vector<std::uint64_t> ids;       ///< of the table
    std::vector<WatchedThread> threads;   ///< also those that have ended and were never joined
    std::vector<CoroutineKey> coroutines; ///< that nobody registers: see CoroutineSearch

    bool empty() const noexcept { return ids.empty() && threads.empty() && coroutines.empty(); }
};

struct LookedFor {
    std::uint32_t scope = 0;         ///< with those in it; 0: every task
    const Living* without = nullptr; ///< not told; null: none
    std::uint64_t own_task = 0;      ///< the coroutine that asks
};

/// The calling thread is not told, nor is the agent's, nor what is not registered.
LeftOver look_for(const LookedFor& asked);

} // namespace tasks::leaks
