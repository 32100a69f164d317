// Writes a snapshot as a file (protocol/SNAPSHOT.md), record by record: a million tasks take one buffer of 64 KiB.
// Stack bytes and registers, which may hold secrets, go in only where `raw` is asked for; the 72 bytes around a lock
// that is waited for always do. Does no I/O of its own.
#pragma once

#include <functional>
#include <string_view>

#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// Takes the next bytes of the file; false: no more are wanted.
using ByteSink = std::function<bool(std::string_view)>;

/// False: the sink wanted no more.
bool write_snapshot(const Snapshot& snapshot, bool raw, const ByteSink& sink);

} // namespace tasks::inspect
