// Whether a process sleeps for ever: as Go says it, "all tasks are asleep". Pure, any thread.
#pragma once

#include <span>

#include "analysis/wait_graph.hpp"

namespace tasks::inspect {

/// Every task waits, at one moment, on something that only another task of the process can bring about, and nothing
/// outside can wake one: no time that is up, no fd, no other process. A handler of a signal that others send may wake
/// one: like Go with os/signal, nothing is claimed then. `edges`, `locks`: of the process's wait graph.
bool all_asleep(const Snapshot& snapshot, const WaitGraph& graph);

} // namespace tasks::inspect
