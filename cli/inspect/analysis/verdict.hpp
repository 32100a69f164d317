// How a task of a process leaks. A value type.
#pragma once

#include <cstdint>

namespace tasks::inspect {

/// The surest first.
enum class Verdict : std::uint8_t {
    deadlocked,      ///< they wait for each other, for whoever has exited, or all are asleep
    never_resumable, ///< nothing can end their wait, or they have ended and were never destroyed
    growing,         ///< more and more are started at one place than end
    stuck,           ///< they wait much longer than those of the same place did that have ended
    spinning,        ///< they never sleep, or only ever sleep and look again
};

} // namespace tasks::inspect
