// The command from its arguments to its exit status. Made by main with the world; a test hands in another.
#pragma once

#include <string>
#include <vector>

#include "capture/world.hpp"

namespace tasks::commands {

/// Where to print. Borrowed.
struct Streams {
    int output = 1;
    int errors = 2;
};

/// The exit status: 0, or the number of the inspect::Trouble that went wrong. `arguments` without the program's name.
/// With --json errors are printed as JSON to the output, else as a sentence to the errors.
int run(const inspect::World& world, const std::vector<std::string>& arguments, const Streams& streams);

} // namespace tasks::commands
