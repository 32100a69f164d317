// How many processors a process may use: min(affinity, ceil(cgroup quota)). Reads cgroup v2 (cpu.max of the process's
// group and all above it) and v1 (cpu.cfs_quota_us); see the kernel's cgroup-v2.rst and sched-bwc.rst.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "capture/world.hpp"

namespace tasks::inspect {

/// `quota period` of a cpu.max file as processors, rounded up; nothing: no limit, or malformed.
std::optional<std::uint32_t> cpus_of_max(std::string_view cpu_max);

/// The smallest quota over the process; nothing: it has none, or none can be read.
std::optional<std::uint32_t> quota_cpus(const World& world, std::uint32_t pid);

} // namespace tasks::inspect
