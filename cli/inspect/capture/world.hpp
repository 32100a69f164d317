// The machine as the command sees it: where its file systems are mounted, its clocks, who we are and our environment.
// Made once in main and handed down; a test hands in a directory of its own as /proc, another uid or environment.
// All reading of /proc goes through `proc`. A value; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <tasks/protocol/places.hpp>

#include "capture/proc_files.hpp"

namespace tasks::inspect {

/// The clocks, in nanoseconds.
class Clock {
public:
    virtual ~Clock() = default;
    virtual std::uint64_t monotonic_ns() const = 0;
    virtual std::uint64_t boottime_ns() const = 0; ///< since boot, with suspended time: what start times count from
    virtual std::uint64_t realtime_ns() const = 0; ///< since the epoch
};

/// The kernel's.
class SystemClock final : public Clock {
public:
    std::uint64_t monotonic_ns() const override;
    std::uint64_t boottime_ns() const override;
    std::uint64_t realtime_ns() const override;
};

struct World {
    ProcFiles proc{"/proc"};
    std::string cgroup = "/sys/fs/cgroup";
    std::string passwd = "/etc/passwd";
    std::uint32_t euid = 0;
    std::uint64_t ticks_per_second = 100;
    protocol::Environment environment;
    const Clock* clock = nullptr; ///< never null once made

    bool is_root() const noexcept { return euid == 0; }
    /// The name of a user in the file `passwd`; the number where it has none. No NSS: that can wait for a network.
    /// The file is read once, at the first question.
    std::string user_name(std::uint32_t uid) const;
    /// A process's age, from its start time in ticks.
    std::uint64_t uptime_ns(std::uint64_t start_time_ticks) const;

private:
    mutable std::optional<std::string> passwd_text_;
};

/// The machine that we run on. `clock` must outlive it.
World this_machine(const Clock& clock);

} // namespace tasks::inspect
