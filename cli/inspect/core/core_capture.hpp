// A core file as another source of a snapshot: threads with all their registers and their stacks, what each blocked one
// waits on, the mapped files with the build-ids that the core holds. No ages: a core has none. Jobs come from the
// agent's table, where that is left (core_table.hpp).
#pragma once

#include <string>

#include <tasks/protocol/result.hpp>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::inspect {

/// `exe`: the program that made it, in place of the path that the core names; "" that path.
Result<Snapshot, Error> capture_from_core(const World& world, const std::string& core, const std::string& exe);

} // namespace tasks::inspect
