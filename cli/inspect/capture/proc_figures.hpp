// A process's figures as /proc tells them from outside: for one whose agent does not answer.
// What cannot be read stays unset. Reads nothing that waits for the target's locks.
#pragma once

#include "capture/deadline.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Memory, switches of the living threads, open files (the agent's own among them), processors, age.
/// Threads are not counted here, and stacks not measured.
void read_figures(const World& world, const ProcessFacts& process, const Deadline& deadline, VitalFacts& into);

} // namespace tasks::inspect
