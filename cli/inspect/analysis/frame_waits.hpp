// What a futex wait really is, told by the functions on the innermost frames: the C and C++ libraries build every
// primitive on futexes. Pure functions, any thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include <tasks/protocol/vocabulary.hpp>

#include "symbols/frame.hpp"

namespace tasks::inspect {

/// The reason that a function of the libraries waits for; nothing for any other function.
std::optional<protocol::WaitReason> wait_of_function(std::string_view function);

/// The reason told by the stack of a thread that waits in a futex. Looks from the innermost frame outwards while
/// frames belong to the libraries; the outermost answer counts (a future waits in a condition: it is a future).
std::optional<protocol::WaitReason> wait_of_frames(std::span<const Frame> frames);

/// The frame belongs to the C or C++ library or a sanitizer (by its ELF file, or its name where it is linked into the
/// program) or to namespace std, not to the host's own code.
bool in_runtime(const Frame& frame);

} // namespace tasks::inspect
