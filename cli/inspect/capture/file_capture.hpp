// A file as another source of a snapshot: one that --save wrote, or a profile that a process wrote of itself; the first
// bytes tell which. Value in, value out; reads the file once, from its beginning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tasks/protocol/result.hpp>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::inspect {

/// `file` "-": standard input. A file that cannot be opened or is neither of them is wrong usage (or a matter of
/// permission); one that ends early gives what there is.
/// After `patience_ns` no more is read: what has come by then is shown and the rest told as missing; where nothing has,
/// that is an error. Without it, a pipe is waited for as long as somebody has it open, as cat does.
Result<Snapshot, Error> capture_from_file(const World& world, const std::string& file,
                                          std::optional<std::uint64_t> patience_ns);

} // namespace tasks::inspect
