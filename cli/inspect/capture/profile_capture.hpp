// A profile in a file as another source of a snapshot. Value in, value out; reads the file once, from its beginning.
#pragma once

#include <string>

#include <tasks/protocol/result.hpp>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::inspect {

/// `file` "-": standard input. A file that cannot be opened is wrong usage (or a matter of permission), one that is no
/// profile does not answer; one that ends early gives what there is.
Result<Snapshot, Error> capture_from_profile(const World& world, const std::string& file);

} // namespace tasks::inspect
