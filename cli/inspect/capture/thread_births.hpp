// Births of threads, as a table of `tasks run` tells them: who made each, where and when. Collected with the table's
// tasks, then given to the threads that were captured. One thread at a time.
#pragma once

#include <tasks/protocol/table_reader.hpp>

#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// What the table tells, sorted by thread and the newest of each, since a number is used again. What it lacks becomes
/// an entry of Snapshot::incomplete.
void collect_births(protocol::TableReader& reader, Snapshot& snapshot);

/// Gives each thread of the snapshot its birth. Of threads that lived when a process died only a sentence is left.
void give_births(Snapshot& snapshot);

} // namespace tasks::inspect
