// The program that `tasks run` is asked for: where it is, and whether a library can be put before it. Looks at files
// and at nothing else.
#pragma once

#include <cstdint>
#include <string>

#include <tasks/protocol/result.hpp>

#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::commands {

struct ProgramToRun {
    std::string path; ///< to exec: the file itself, or the script
    /// Where a script is run by env(1), which looks for its interpreter: the one that is meant. 0: `path` itself.
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
};

/// `command` as execvp(3) finds it. Fails, with the reason, for what the loader would not put the library before:
/// programs with more rights than their caller, static ones, of another C library, of another machine, and such as a
/// sanitizer must be the first in. Scripts are followed to their interpreter.
Result<ProgramToRun, inspect::Error> find_program(const inspect::World& world, const std::string& command);

} // namespace tasks::commands
