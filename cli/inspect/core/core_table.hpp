// The agent's table of a process whose core is read. A core leaves it out, since it is a file; but the core names the
// file, which outlives a crash. It tells the agent's own thread and, of a process that has ended, the registered tasks.
// The file is checked as any table is: its kind, its owner, whose it is.
#pragma once

#include <string>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Whether a mapped file's path is that of a table: .../12336-884213.table, deleted or not.
bool is_table_path(const std::string& path);

/// Adds what the table tells to the core's snapshot, and says what it does not.
void read_core_table(const World& world, const std::string& path, Snapshot& into);

} // namespace tasks::inspect
