// What TASKS_TRACEBACK in the environment says of crash dumps; nothing in a program that has other rights than its
// caller. Reads the environment: not in a signal handler.
#pragma once

#include <optional>

#include <tasks/crash_dump.hpp>

namespace tasks::agent {

/// Nothing: it is not set, or is none of the four words.
std::optional<Traceback> asked_level() noexcept;

/// Installs the crash dump where the environment asks for one. When an agent starts.
void install_asked_crash_dump() noexcept;

} // namespace tasks::agent
