#include "render/figures.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

namespace tasks::render {

std::string number(std::uint64_t value) {
    auto digits = std::to_string(value);
    for (auto at = digits.size(); at > 3;) {
        at -= 3;
        digits.insert(at, 1, ',');
    }
    return digits;
}

std::string number(const std::optional<std::uint64_t>& value) { return value ? number(*value) : unknown; }

std::string signed_number(std::int64_t value) {
    const auto magnitude = value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
    return (value > 0 ? "+" : value < 0 ? "-" : "") + number(magnitude);
}

std::string duration(std::uint64_t ns) {
    const auto ms = ns / 1'000'000;
    const auto s = ms / 1'000;
    if (ms == 0) {
        return "<1ms"; // the registry's clock has ticks of 4 ms: no more is known
    }
    if (s == 0) {
        return fmt::format("{}ms", ms);
    }
    if (s < 60) {
        return fmt::format("{}s", s);
    }
    if (s < 3'600) {
        return fmt::format("{}m{}s", s / 60, s % 60);
    }
    if (s < 86'400) {
        return fmt::format("{}h{}m", s / 3'600, s / 60 % 60);
    }
    return fmt::format("{}d{}h", number(s / 86'400), s / 3'600 % 24);
}

std::string duration(const std::optional<std::uint64_t>& ns) { return ns ? duration(*ns) : unknown; }

std::string duration_range(std::uint64_t least_ns, std::uint64_t most_ns) {
    const auto least = duration(least_ns);
    const auto most = duration(most_ns);
    return least == most ? most : least + " - " + most;
}

std::string moment(std::uint64_t realtime_ns) {
    const auto seconds = static_cast<std::time_t>(realtime_ns / 1'000'000'000);
    std::tm local{};
    if (::localtime_r(&seconds, &local) == nullptr) {
        return unknown;
    }
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                       local.tm_hour, local.tm_min, local.tm_sec);
}

std::string size(std::uint64_t bytes) {
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        return fmt::format("{} B", bytes);
    }
    auto value = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    while (value >= 1023.95 && unit + 1 < units.size()) { // 1023.95 would read 1024.0
        value /= 1024;
        ++unit;
    }
    return fmt::format("{:.1f} {}", value, units[unit]);
}

std::string size(const std::optional<std::uint64_t>& bytes) { return bytes ? size(*bytes) : unknown; }

std::string share(const std::optional<std::uint64_t>& part, const std::optional<std::uint64_t>& whole) {
    if (!part || whole.value_or(0) == 0) {
        return std::string{unknown} + " %";
    }
    const auto percent = 100 * static_cast<double>(*part) / static_cast<double>(*whole);
    return fmt::format("{:.{}f} %", percent, percent < 9.95 ? 1 : 0); // 9.95 would read 10.0
}

std::string trend(const std::optional<double>& per_minute) {
    if (!per_minute || !std::isfinite(*per_minute)) {
        return unknown;
    }
    const auto tenths = std::round(*per_minute * 10);
    if (std::abs(tenths) < 100 && std::fmod(tenths, 10) != 0) {
        return fmt::format("{:+.1f}/min", tenths / 10);
    }
    return signed_number(std::llround(*per_minute)) + "/min";
}

std::string counted(std::uint64_t count, const char* singular) {
    return number(count) + " " + singular + (count == 1 ? "" : "s");
}

} // namespace tasks::render
