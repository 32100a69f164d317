// What a process is beside its tasks, for the one-screen summary: command line, parent, cost, sockets. Pure functions.
#pragma once

#include <string>

#include "analysis/report.hpp"
#include "render/json_writer.hpp"

namespace tasks::render {

/// Lines of "label: value"; what is not known of a process that lives is "?".
std::string program_text(const inspect::SummaryReport& report);

/// An object; null where nothing is known (a dead process, a saved one).
void write_program(const inspect::SummaryReport& report, JsonWriter& json);

} // namespace tasks::render
