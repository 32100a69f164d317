// Coroutines that threads run. A frame in memory tells where its coroutine was suspended last, not that it runs now;
// a thread's stack does: one of its places is in the code that resumes a coroutine function, and the frame's address
// is in a register or on the stack. Pure, but for what `source` does.
#pragma once

#include "analysis/analyse.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// Marks the frames of `snapshot.coroutines` that a thread runs: state, tid, and no suspend point. Where several frames
/// could be meant they are marked as inferred. Needs the threads' stacks and registers; without them marks nothing.
void find_running(Snapshot& snapshot, const StackSource& source);

} // namespace tasks::inspect
