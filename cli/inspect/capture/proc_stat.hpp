// /proc/PID/stat and /proc/PID/status, read and checked. Fields as in proc(5). Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "capture/proc_files.hpp"

namespace tasks::inspect {

/// Field numbers are those of proc(5).
struct ProcStat {
    std::uint32_t pid = 0;
    std::string command; ///< the 15 bytes between the parentheses, blanks and parentheses of its own included
    char state = '?';    ///< R, S, D, T, t, Z, X ...
    std::uint32_t ppid = 0;
    std::uint64_t threads = 0;          ///< field 20
    std::uint64_t start_time_ticks = 0; ///< field 22
    std::uint32_t flags = 0;            ///< field 9: the kernel's PF_...
    std::uint64_t cpu_ticks = 0;        ///< fields 14 and 15: in user and in kernel mode
    std::uint64_t kernel_ticks = 0;     ///< field 15
    std::optional<std::uint32_t> cpu{}; ///< field 39: that it last ran on

    /// Stopped by a signal, or by a tracer.
    bool stopped() const noexcept { return state == 'T' || state == 't'; }
    /// One of the kernel's own (PF_KTHREAD of linux/sched.h): it has neither program nor memory.
    bool of_kernel() const noexcept { return (flags & 0x00200000u) != 0; }
    /// Ended; only its parent has not asked for it yet. One whose main thread alone has ended lives on in the others.
    bool ended() const noexcept { return (state == 'Z' || state == 'X' || state == 'x') && threads <= 1; }
};

/// Nothing where the line is not as proc(5) says.
std::optional<ProcStat> parse_stat(std::string_view line);
/// An errno; EBADMSG: not as proc(5) says.
Result<ProcStat, int> read_stat(const ProcFiles& proc, std::uint32_t pid);

struct ProcStatus {
    std::optional<std::uint32_t> real_uid;
    std::optional<std::uint32_t> effective_uid;
    std::optional<std::uint32_t> effective_gid;
    std::optional<std::uint32_t> innermost_pid; ///< in its own pid namespace
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> peak_rss_bytes;
    std::optional<std::uint64_t> switches_voluntary; ///< of that thread alone
    std::optional<std::uint64_t> switches_involuntary;
    std::optional<std::uint32_t> allowed_cpus; ///< how many
};

/// What is missing or malformed stays unset.
ProcStatus parse_status(std::string_view text);

/// How many processors a list like `0-3,8` names; nothing where it is malformed.
std::optional<std::uint32_t> count_cpus(std::string_view list);

} // namespace tasks::inspect
