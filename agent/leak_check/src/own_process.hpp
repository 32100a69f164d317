// A snapshot of this process by itself, of some of its tasks: threads by /proc as from outside, tasks from the table in
// its own memory, births from the book of threads. No agent is asked: a check must tell what it found though none runs.
// Nothing is stopped or signalled. The threads that this takes itself are not watched and not told. Takes 50 us a
// thread and 0.3 us a task. Any thread, one at a time.
#pragma once

#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "left_over.hpp"

namespace tasks::leaks {

/// The rest is left out; but what a wanted task awaits is there, and the thread that carries it. A thread that has
/// ended is told with what is known of its birth, under a number from first_ended_tid on.
inspect::Snapshot capture_self(const inspect::World& world, const LeftOver& wanted);

/// All registered tasks and the modules, no thread.
inspect::Snapshot capture_tables(const inspect::World& world);
/// Adds all threads, with their stacks alone.
void capture_threads(const inspect::World& world, inspect::Snapshot& snapshot);

inline constexpr std::uint32_t first_ended_tid = 1u << 31; // the kernel's are below 2^22

} // namespace tasks::leaks
