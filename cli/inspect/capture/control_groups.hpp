// The control groups of a process, as directories: its own and all above it up to the mount, of cgroup v2 and of the
// hierarchy of one controller in v1. Reads /proc/PID/cgroup alone.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "capture/world.hpp"

namespace tasks::inspect {

/// Calls visit(directory, unified) for each group, from the process's own upwards. `unified`: of cgroup v2.
/// `controller`: "cpu", "memory". What is no cgroup line is passed over.
void each_control_group(const World& world, std::uint32_t pid, std::string_view controller,
                        const std::function<void(const std::string& directory, bool unified)>& visit);

} // namespace tasks::inspect
