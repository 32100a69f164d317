// Threads that were made by pthread_create() since the program began: by whom, in which scope, and whether somebody
// joined or detached them. Kept by the functions of watched_calls.cpp, which stand before libc's, so that the leak
// checks know threads without an agent, too. What libc makes itself (timer_create, thrd_create) is not known.
// One lock, held for moments; any thread. A forked child knows only what it makes itself.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <vector>

#include "creation_trace.hpp"

namespace tasks::leaks {

/// A thread that is not joined, and has not ended detached.
struct WatchedThread {
    std::uint64_t serial = 0; ///< unique in the process's life; from 1
    std::uint32_t tid = 0;    ///< 0: it has not begun to run
    std::uint32_t creator_tid = 0;
    std::uint32_t scope = 0; ///< of the task that made it
    bool ended = false;      ///< and was never joined
    std::uint64_t born_ns = 0;
    agent::CreationTrace trace;
};

/// Threads made by the present thread meanwhile are not watched: those of the check itself.
class UnwatchedMakings {
public:
    UnwatchedMakings() noexcept;
    ~UnwatchedMakings();
    UnwatchedMakings(const UnwatchedMakings&) = delete;
    UnwatchedMakings& operator=(const UnwatchedMakings&) = delete;
};

/// In the order in which they were made.
std::vector<WatchedThread> watched_threads();

/// Of them those for whose scope `of_scope` has a set bit; scope `base` is its first. Most are left out before they are
/// copied.
std::vector<WatchedThread> watched_threads(std::uint32_t base, const std::vector<bool>& of_scope);

/// Of the calling thread; 0: it was not made by pthread_create(), or not watched.
std::uint64_t own_serial() noexcept;

} // namespace tasks::leaks
