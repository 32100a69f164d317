// Reads files that may block for as long as their process is sick: environ, cmdline and maps wait for locks of the
// target's memory. A child process reads; when it makes no progress it is killed and the file is passed over.
// The caller is never held beyond the deadline. One child at a time, reaped unless it cannot die.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "capture/deadline.hpp"

namespace tasks::inspect {

/// The files' contents in the order of `paths`, up to `cap` bytes each; nothing where a file cannot be opened, read,
/// or did not come in time. `patience_ns`: how long one file may take.
std::vector<std::optional<std::string>> read_patiently(const std::vector<std::string>& paths, std::size_t cap,
                                                       std::uint64_t patience_ns, const Deadline& deadline);

} // namespace tasks::inspect
