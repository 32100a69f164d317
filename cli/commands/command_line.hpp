// The command line: arguments in, a checked Invocation out, or what to print instead. The only user of CLI11, which
// costs seconds to compile.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "commands/invocation.hpp"
#include "error.hpp"

namespace tasks::commands {

/// Printed for --help, on standard output.
struct HelpText {
    std::string text;
};

/// Wrong usage; told as JSON where --json stands among the arguments.
struct WrongUsage {
    inspect::Error error;
    bool json = false;
};

/// `arguments` without the program's name.
std::variant<Invocation, HelpText, WrongUsage> parse_command_line(const std::vector<std::string>& arguments);

} // namespace tasks::commands
