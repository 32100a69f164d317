// Durations as people write them on the command line. Pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasks::commands {

/// `500ms`, `30s`, `5m`, `2h`, `1d`, in nanoseconds; nothing for anything else, or more than 2^64 ns.
std::optional<std::uint64_t> parse_duration(std::string_view text);

} // namespace tasks::commands
