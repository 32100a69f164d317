// The kernel's settings (sysctl) that decide what may be captured. Reads /proc/sys; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "capture/world.hpp"

namespace tasks::inspect {

/// `name` as its file is called: "kernel/perf_event_paranoid". Nothing where this kernel does not have it.
std::optional<int> kernel_setting(const World& world, std::string_view name);

} // namespace tasks::inspect
