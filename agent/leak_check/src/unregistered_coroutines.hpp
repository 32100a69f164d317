// The coroutines of this process that nobody registers, by their frames in memory: the scan that `tasks stack` makes of
// any process, made of ourselves. 30 ms and more. Any thread, one at a time.
//
// A test must not fail for what only looks like a frame, so only those are told whose outermost frame fills a piece of
// memory that malloc has given out and not got back, as its headers tell (under a sanitizer, as its allocator tells).
// On a stack, in a block of the program's own allocator or in a freed piece old bytes look the same as living ones.
// Not told either: what a thread runs, what another frame holds, and chains in which a coroutine is registered.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "coroutine_keys.hpp"
#include "coroutines/coroutine_facts.hpp"

namespace tasks::leaks {

struct Unregistered {
    std::vector<CoroutineKey> tasks;  ///< the outermost frame of each chain
    std::vector<CoroutineKey> unsure; ///< of those of whose memory malloc knows nothing
    inspect::CoroutineList list;      ///< the frames of their chains alone
    std::vector<std::string> problems;
};

/// Those for which `wanted` holds, with what names them where `explain` is set.
Unregistered unregistered_coroutines(const std::function<bool(const CoroutineKey&)>& wanted, bool explain);

} // namespace tasks::leaks
