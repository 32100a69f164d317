// What /proc/PID/task/TID/sched tells: when a thread last ran, by the scheduler's clock of the CPU that it ran on.
// Read by the agent of its own threads and by the command of any. Pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasks::protocol {

/// The value of se.exec_start in the text of a sched file, in nanoseconds; nothing where the kernel doesn't tell.
std::optional<std::uint64_t> exec_start_ns(std::string_view sched) noexcept;

// Of comparing a CPU's clock with CLOCK_MONOTONIC, which takes 50 us: one that takes longer lost its processor within,
// is wrong by that time, and is made again.
inline constexpr std::uint64_t longest_clock_comparison_ns = 1'000'000;
inline constexpr int max_clock_comparisons = 5;

} // namespace tasks::protocol
