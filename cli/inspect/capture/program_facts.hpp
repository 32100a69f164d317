// What a living process is, beside its tasks: who started it, with which arguments, what it costs the machine, whom it
// talks to. From /proc alone, for the one-screen summary. One thread at a time; nothing is stopped.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/deadline.hpp"
#include "capture/snapshot.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

/// Sockets that are told by the same words.
struct SocketFacts {
    std::string name; ///< "listening on 0.0.0.0:80", "10.0.0.7:5432"
    std::uint64_t count = 0;
};

/// Unset and "": not known.
struct ProgramFacts {
    std::string parent_name;
    std::string command_line; ///< the arguments with blanks between them
    bool command_line_cut = false;
    std::optional<std::uint64_t> cpu_ns; ///< in user and in kernel mode, of all threads, since it began
    std::optional<std::uint64_t> period_cpu_ns;
    std::uint64_t period_ns = 0; ///< that period_cpu_ns is of; 0: none was asked for
    std::optional<std::uint64_t> machine_memory_bytes;
    std::optional<std::vector<SocketFacts>> sockets; ///< of internet families: listening first, then most first
};

/// Takes `period_ns` of time where that is not 0.
ProgramFacts read_program(const World& world, const ProcessFacts& process, std::uint64_t period_ns,
                          std::uint64_t patience_ns);

} // namespace tasks::inspect
