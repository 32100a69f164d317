// Why a process writes a crash dump of itself. Plain values, filled in a signal handler.
#pragma once

#include <cstdint>
#include <string_view>

#include "profile_output.hpp"

namespace tasks::agent {

struct CrashFacts {
    int signal = 0; ///< 0: none
    int code = 0;   ///< si_code
    bool has_address = false;
    std::uint64_t address = 0;         ///< of a fault: whose access, or the instruction at which
    std::uint32_t tid = 0;             ///< the thread that it struck
    bool terminated = false;           ///< std::terminate was called there
    std::string_view exception_type{}; ///< as the compiler mangles it; "" none
    std::string_view exception_text{}; ///< its what()
    bool asleep = false;               ///< no signal: no task can ever go on
};

/// Their lines of a profile's head.
void write_crash_facts(const CrashFacts& facts, ProfileOutput& output) noexcept;

} // namespace tasks::agent
