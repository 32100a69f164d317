// Where an agent that is started as this user would put its socket and table, and what is wrong with the places before
// that. Reads only.
#pragma once

#include "capture/world.hpp"
#include "check.hpp"

namespace tasks::discovery {

inspect::Check check_places(const inspect::World& world);

} // namespace tasks::discovery
