// How long ago a thread last ran, from outside. `se.exec_start` in its sched file is the clock of the CPU that it last
// ran on, at the moment it last ran; clocks of two CPUs were 28 ms apart after 98 minutes. So each CPU's clock is
// compared with CLOCK_MONOTONIC once, by this thread pinned to it: its own exec_start is then that CPU's now (the
// kernel sets it anew when the affinity changes; 20 to 50 us). The agent does the same inside
// (agent/src/scheduler_clock.hpp). One thread; the affinity is as it was when the object is gone. Any wake-up of a
// thread sets its time anew.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include <sched.h>

#include "capture/world.hpp"

namespace tasks::inspect {

class SchedulerClocks {
public:
    explicit SchedulerClocks(const World& world) : world_(world) {}
    ~SchedulerClocks();
    SchedulerClocks(const SchedulerClocks&) = delete;
    SchedulerClocks& operator=(const SchedulerClocks&) = delete;

    /// How long before now that CPU's clock showed `exec_start_ns`; nothing where the clock cannot be read (a CPU
    /// outside our cpuset, or offline; a kernel without sched files).
    std::optional<std::uint64_t> ago(std::uint32_t cpu, std::uint64_t exec_start_ns);

private:
    std::optional<std::uint64_t> compare(std::uint32_t cpu);

    const World& world_;
    std::map<std::uint32_t, std::optional<std::uint64_t>> offsets_; ///< CLOCK_MONOTONIC minus the CPU's, modulo 2^64
    cpu_set_t own_affinity_{};
    bool pinned_ = false;
};

} // namespace tasks::inspect
