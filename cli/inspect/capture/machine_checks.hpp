// Whether this machine, and the user that we are on it, let us see what we look for: each rung of capture is tried on
// ourselves, and the kernel's settings are read. Changes nothing. One thread at a time.
#pragma once

#include <vector>

#include "capture/world.hpp"
#include "check.hpp"

namespace tasks::inspect {

std::vector<Check> check_machine(const World& world);

} // namespace tasks::inspect
