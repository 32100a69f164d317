// Stacks and names that go with a snapshot: found out once, before it is saved, and looked up when it is read again.
#pragma once

#include "analysis/analyse.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// Unwinds every thread that was captured and names each distinct program counter, all through `source`; fills
/// `snapshot.names` and the threads' numbers of their stacks.
void name_all(const StackSource& source, Snapshot& snapshot);

/// Looks up what name_all() found. `names` must outlive it.
StackSource source_of(const SavedNames& names);

} // namespace tasks::inspect
