// When each thread began, and how it has spent its time since: what tells over several looks which threads came, went,
// never slept, or never ran. From /proc/PID/task/TID/stat, schedstat and status; some microseconds a thread. Pure but
// for reading.
#pragma once

#include "capture/deadline.hpp"
#include "capture/snapshot.hpp"
#include "capture/target.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Fills in ThreadFacts::times; of threads that are gone, or come too late for `deadline`, they stay unset.
void read_thread_times(const World& world, const Target& target, const Deadline& deadline, Snapshot& snapshot);

} // namespace tasks::inspect
