// Why the kernel does not let us capture threads, and the way out: one sentence for people.
#pragma once

#include <cstdint>
#include <string>

#include "capture/world.hpp"

namespace tasks::inspect {

struct RunningRefusal {
    int perf = 0;   ///< errno of perf_event_open(); 0: not asked
    int ptrace = 0; ///< errno of PTRACE_SEIZE; 0: not asked
};

/// Of a process that cannot be held (--stop).
std::string not_stopped_sentence(const World& world, std::uint32_t pid, int error);

std::string sentence_of(const World& world, std::uint32_t pid, const RunningRefusal& refusal);

} // namespace tasks::inspect
