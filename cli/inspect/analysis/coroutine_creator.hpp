// Who called a coroutine's function. The call may be inlined, and so may the function itself: then the return address
// of what it lies in is of a call further out than its caller. Pure function, any thread.
#pragma once

#include <string_view>
#include <vector>

#include "analysis/report.hpp"

namespace tasks::inspect {

/// The frames outside the coroutine's function, innermost first. `registered_in`: the place in it where it was
/// registered, with the calls inlined there; `caller`: what the function that this lies in returns to; `coroutine`: its
/// name as __builtin_FUNCTION() has it, "session". Where no frame of `registered_in` has that name: `caller`.
std::vector<Frame> creator_frames(const std::vector<Frame>& registered_in, const std::vector<Frame>& caller,
                                  std::string_view coroutine);

} // namespace tasks::inspect
