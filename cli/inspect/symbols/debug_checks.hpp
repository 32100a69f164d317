// What the names and lines of a process's stacks rest on: the debug information of its program and libraries. Opens the
// files that were mapped; one thread at a time.
#pragma once

#include <vector>

#include "capture/snapshot.hpp"
#include "check.hpp"
#include "unwind/module_map.hpp"

namespace tasks::inspect {

/// One for the program itself and one for all libraries together.
std::vector<Check> check_debug_information(const Snapshot& snapshot, ModuleMap& modules);

} // namespace tasks::inspect
