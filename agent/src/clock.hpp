// The two clocks of the agent, in nanoseconds of CLOCK_MONOTONIC. Both are in the vdso: no system call.
#pragma once

#include <ctime>

#include <cstdint>

namespace tasks::agent {

inline std::uint64_t read_clock(clockid_t clock) noexcept {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

/// To the scheduler tick (1-4 ms), 4 ns: for what the host's threads stamp.
inline std::uint64_t coarse_now_ns() noexcept { return read_clock(CLOCK_MONOTONIC_COARSE); }

/// Exact, 16 ns: for what the agent's thread stamps.
inline std::uint64_t now_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }

} // namespace tasks::agent
