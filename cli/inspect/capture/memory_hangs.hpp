// What follows for a snapshot where memory hung its readers (memory_watch.hpp).
#pragma once

#include "capture/memory_watch.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// The last of a capture: says in `incomplete` where memory hung its readers. Then nobody may become another user: the
/// modules, whose files would be read so, are taken out.
void tell_hangs(const World& world, const MemoryWatch& watch, Snapshot& into);

} // namespace tasks::inspect
