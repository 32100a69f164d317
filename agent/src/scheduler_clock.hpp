// The scheduler's clocks, one a CPU. `se.exec_start` in /proc/.../sched is the clock of the CPU that the thread last
// ran on, at the moment it last ran; clocks of two CPUs were 28 ms apart after 98 minutes. So each clock is compared
// with CLOCK_MONOTONIC once, by the agent's thread pinned to that CPU: its own exec_start is then that CPU's now (the
// kernel sets it anew when the affinity changes). The comparison serves all threads of that CPU for half a second.
// Rejected: pinning for each thread (two migrations, 40 us), sched_yield to make the clock fresh (waits a turn on a
// busy CPU). On the agent's thread only.
#pragma once

#include <sched.h>

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace tasks::agent {

class SchedulerClocks {
public:
    static constexpr std::size_t max_cpus = 1024;

    /// Before the first ago(): which thread is ours, and a buffer for its sched file.
    void begin(int task_directory, std::uint32_t own_tid, std::span<char> buffer) noexcept;

    /// How long before `now_ns` (CLOCK_MONOTONIC) that CPU's clock showed `exec_start`; nothing where the CPU's clock
    /// could not be read (outside our cpuset, offline).
    std::optional<std::uint64_t> ago(std::size_t cpu, std::uint64_t exec_start, std::uint64_t now_ns) noexcept;

    /// Sets the affinity back to what it was. To be called before the thread does anything else.
    void end() noexcept;

private:
    void compare(std::size_t cpu) noexcept;

    struct Comparison {
        std::uint64_t compared_at_ns = 0; ///< 0: never
        std::uint64_t offset_ns = 0;      ///< CLOCK_MONOTONIC minus the CPU's clock, modulo 2^64
        bool known = false;
    };
    std::array<Comparison, max_cpus> comparisons_{};
    cpu_set_t own_affinity_{};
    bool pinned_ = false;
    int task_directory_ = -1;
    std::uint32_t own_tid_ = 0;
    std::span<char> buffer_;
};

} // namespace tasks::agent
