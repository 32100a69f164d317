// What /proc/PID/task/TID/sched tells: when a thread last ran, by the scheduler's clock of the CPU that it ran on.
// Read by the agent of its own threads and by the command of any. Pure function, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasks::protocol {

/// The value of se.exec_start in the text of a sched file, in nanoseconds; nothing where the kernel doesn't tell.
std::optional<std::uint64_t> exec_start_ns(std::string_view sched) noexcept;

} // namespace tasks::protocol
