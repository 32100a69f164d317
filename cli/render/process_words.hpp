// How a process stands, in words. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/snapshot.hpp"

namespace tasks::render {

/// "answers", "hung", "stopped", "refused", "dead", "profile".
std::string_view word(inspect::AgentState state);

/// How a thread that ran was captured: "signal", "perf sample", "ptrace"; "" where it was not.
std::string_view word(inspect::RunningBy by);

/// What follows from it for the figures shown: a sentence; "" where the process answers. A profile's tells the moment
/// that it is of; 0: not known.
std::string meaning(inspect::AgentState state, std::uint64_t taken_at_realtime_ns);

/// "12336", of a dead process "12336@884213": what `tasks` takes as TARGET.
std::string target(const inspect::ProcessFacts& process);

/// "12336*": the star says that it carries an agent; "99@884213" of a dead one.
std::string pid_mark(const inspect::ProcessFacts& process);

} // namespace tasks::render
