// Who this process is: what its files are named after, and what tells it from another process with the same pid.
// Read once at start; a plain value after that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tasks/protocol/result.hpp>

namespace tasks::agent {

struct Identity {
    std::uint32_t pid = 0; ///< in its own pid namespace
    std::uint64_t start_time_ticks = 0;
    std::uint64_t pid_namespace = 0; ///< inode of /proc/self/ns/pid; 0: not known
    std::array<char, 36> boot_id{};
    std::uint32_t uid = 0; ///< effective, at start
    std::string name;      ///< what the host calls itself, at most 63 bytes
};

/// From /proc; the failure is a sentence (no /proc mounted). `name` empty: the program's file name.
Result<Identity> read_identity(std::string_view name);

/// The start time of a process of this pid namespace; nothing: there is none.
std::optional<std::uint64_t> start_time_of(std::uint32_t pid);

} // namespace tasks::agent
