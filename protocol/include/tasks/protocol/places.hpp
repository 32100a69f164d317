// Where the socket and the table of a process live: the one list, shared by agent and CLI, and the names in it.
// Pure functions; the environment and the uid are handed in. Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tasks::protocol {

/// Looks up a variable of the process in question: its value, or nothing where it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// The directories in the order of preference, absolute, without a trailing slash, none twice:
/// $TASKS_DIR (then nothing else), first entry of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/tasks, /run/user/UID/tasks,
/// /dev/shm/tasks-UID, $TMPDIR/tasks-UID, /tmp/tasks-UID. Relative values are passed over.
/// The agent takes the first that it can make and trust; the CLI looks into each.
std::vector<std::string> places(const Environment& environment, std::uint32_t uid);

/// The name of a process's files without ending: `<pid>-<start time>`, both decimal; the pid is that of its own
/// pid namespace, the start time is in clock ticks (field 22 of /proc/PID/stat).
std::string instance_name(std::uint32_t pid, std::uint64_t start_time_ticks);

inline constexpr std::string_view socket_suffix = ".sock";
inline constexpr std::string_view table_suffix = ".table";
/// Of what the process wrote when it crashed; not a file that says that there is one.
inline constexpr std::string_view crash_suffix = ".crash";

enum class PlacedFile { socket, table };
struct InstanceName {
    std::uint32_t pid = 0;
    std::uint64_t start_time_ticks = 0;
    PlacedFile file = PlacedFile::socket;
};

/// What a file name in such a directory says; nothing for any other name (leading zeros, signs and blanks too).
std::optional<InstanceName> parse_instance_name(std::string_view file_name);

} // namespace tasks::protocol
