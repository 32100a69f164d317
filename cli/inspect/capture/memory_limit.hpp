// How much memory a process's control group may take before it is killed, and how much of it is taken. Pure but for
// reading.
#pragma once

#include <cstdint>
#include <optional>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// The one of the groups above it that has the least room left; nothing where none has a limit.
std::optional<MemoryLimit> memory_limit(const World& world, std::uint32_t pid);

} // namespace tasks::inspect
