// How many CPUs this process may use: min(affinity, ceil(cgroup quota)), the quota being the smallest on the way
// from the process's cgroup up to the mount, in version 2 (cpu.max) and version 1 (cpu.cfs_quota_us) hierarchies,
// also where a container sees only a part of the tree. No allocation. On the agent's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tasks::agent {

/// Quota in CPUs, rounded up; nothing where there is no limit or it cannot be read. `root` is put before /proc and the
/// mount points ("" but in tests). `text` holds lines of mountinfo: 8 KiB or more.
std::optional<std::uint32_t> cgroup_cpu_quota(std::string_view root, std::span<char> text) noexcept;

/// The CPUs in the affinity mask of the calling thread.
std::optional<std::uint32_t> affinity_cpus() noexcept;

/// The CPUs that are online, from /sys/devices/system/cpu/online below `root`.
std::optional<std::uint32_t> online_cpus(std::string_view root) noexcept;

} // namespace tasks::agent
