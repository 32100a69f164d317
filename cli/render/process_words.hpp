// How a process stands, in words. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "capture/snapshot.hpp"

namespace tasks::render {

/// "answers", "hung", "stopped", "refused", "dead", "without an agent", "profile", "core".
std::string_view word(inspect::AgentState state);

/// "profile", "snapshot", "core"; "" where it is none of them.
std::string_view word(inspect::FileKind kind);

/// How a thread that ran was captured: "signal", "perf sample", "ptrace"; "" where it was not.
std::string_view word(inspect::RunningBy by);

/// What follows from how it stands, and from where this was read, for the figures shown: a sentence; "" where the
/// process answers. Of a file it tells the moment that it is of; 0: not known.
std::string meaning(const inspect::ProcessFacts& process, std::uint64_t taken_at_realtime_ns);

/// Whether that sentence tells of trouble.
bool is_trouble(const inspect::ProcessFacts& process);

/// "0x0": an address that may be 0.
std::string address_text(std::uint64_t address);

/// "SIGSEGV"
std::string signal_name(std::uint32_t number);

/// The type of the exception that nobody caught, as it was written; "" none is known.
std::string exception_name(const inspect::EndSignal& signal);

/// "12336", of a dead process "12336@884213": what `tasks` takes as TARGET.
std::string target(const inspect::ProcessFacts& process);

/// "12336*": the star says that it carries an agent; "99@884213" of a dead one.
std::string pid_mark(const inspect::ProcessFacts& process);

} // namespace tasks::render
