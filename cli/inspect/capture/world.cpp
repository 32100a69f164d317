#include "capture/world.hpp"

#include <cstdlib>
#include <ctime>
#include <string_view>

#include <unistd.h>

namespace tasks::inspect {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::size_t max_passwd_bytes = 1u << 20;

std::uint64_t read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * second_ns + static_cast<std::uint64_t>(now.tv_nsec);
}

std::optional<std::string> variable(std::string_view name) {
    const char* value = std::getenv(std::string{name}.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

/// name:password:uid:...
bool line_is_of(std::string_view line, std::string_view uid) {
    const auto name_end = line.find(':');
    const auto uid_start = name_end == line.npos ? line.npos : line.find(':', name_end + 1);
    return uid_start != line.npos && line.substr(uid_start + 1).starts_with(std::string{uid} + ":");
}

} // namespace

std::uint64_t SystemClock::monotonic_ns() const { return read_clock(CLOCK_MONOTONIC); }
std::uint64_t SystemClock::boottime_ns() const { return read_clock(CLOCK_BOOTTIME); }
std::uint64_t SystemClock::realtime_ns() const { return read_clock(CLOCK_REALTIME); }

std::string World::user_name(std::uint32_t uid) const {
    const auto number = std::to_string(uid);
    if (!passwd_text_) {
        auto file = read_file(passwd, max_passwd_bytes);
        passwd_text_ = file ? *std::move(file) : std::string{};
    }
    std::string_view rest{*passwd_text_};
    while (!rest.empty()) {
        const auto line = rest.substr(0, rest.find('\n'));
        if (line_is_of(line, number)) {
            return std::string{line.substr(0, line.find(':'))};
        }
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    }
    return number;
}

std::uint64_t World::uptime_ns(std::uint64_t start_time_ticks) const {
    const auto now = clock->boottime_ns();
    const auto start = start_time_ticks / ticks_per_second * second_ns +
                       start_time_ticks % ticks_per_second * (second_ns / ticks_per_second);
    return now > start ? now - start : 0;
}

World this_machine(const Clock& clock) {
    World world;
    world.euid = ::geteuid();
    const auto ticks = ::sysconf(_SC_CLK_TCK);
    world.ticks_per_second = ticks > 0 ? static_cast<std::uint64_t>(ticks) : 100;
    world.environment = variable;
    world.clock = &clock;
    return world;
}

} // namespace tasks::inspect
