// A snapshot with a value in every field: what the golden bytes hold.
#pragma once

#include "capture/snapshot.hpp"

namespace tasks::inspect {

Snapshot known_snapshot();

} // namespace tasks::inspect
