// Numbers as people read them. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tasks::render {

/// What is not known. Never 0.
inline constexpr const char* unknown = "?";

/// "1,204"
std::string number(std::uint64_t value);
std::string number(const std::optional<std::uint64_t>& value);

/// "+12", "-1,204", "0"
std::string signed_number(std::int64_t value);

/// "<1ms", "840ms", "2s", "5m12s", "3h12m", "4d3h": the two largest units, cut, not rounded.
std::string duration(std::uint64_t ns);
std::string duration(const std::optional<std::uint64_t>& ns);

/// "2s - 5m12s", or one where both read the same.
std::string duration_range(std::uint64_t least_ns, std::uint64_t most_ns);

/// "2026-11-21 19:45:37", in local time; nanoseconds since the epoch.
std::string moment(std::uint64_t realtime_ns);

/// "24.1 MiB", "512 B"
std::string size(std::uint64_t bytes);
std::string size(const std::optional<std::uint64_t>& bytes);

/// "0.3 %", "12 %": with a decimal below 10; "? %" where one of them is not known.
std::string share(const std::optional<std::uint64_t>& part, const std::optional<std::uint64_t>& whole);

/// "+12/min"; below 10 with a decimal where there is one: "+0.3/min"; "0/min"; "?".
std::string trend(const std::optional<double>& per_minute);

/// "1 task", "8 tasks"
std::string counted(std::uint64_t count, const char* singular);

} // namespace tasks::render
