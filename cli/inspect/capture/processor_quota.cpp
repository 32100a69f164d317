#include "capture/processor_quota.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include "capture/control_groups.hpp"

namespace tasks::inspect {
namespace {

std::optional<std::int64_t> leading_number(std::string_view text) {
    std::int64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    return end.ec == std::errc{} ? std::optional{value} : std::nullopt;
}

std::optional<std::uint32_t> cpus(std::optional<std::int64_t> quota, std::optional<std::int64_t> period) {
    if (!quota || !period || *quota <= 0 || *period <= 0) {
        return std::nullopt;
    }
    const auto count = *quota / *period + (*quota % *period == 0 ? 0 : 1);
    return static_cast<std::uint32_t>(std::min<std::int64_t>(count, 1 << 20));
}

std::optional<std::int64_t> number_in(const std::string& path) {
    const auto text = read_file(path, 64);
    return text ? leading_number(*text) : std::nullopt;
}

std::optional<std::uint32_t> cpus_of_group(const std::string& directory, bool unified) {
    if (unified) {
        const auto text = read_file(directory + "/cpu.max", 64);
        return text ? cpus_of_max(*text) : std::nullopt;
    }
    return cpus(number_in(directory + "/cpu.cfs_quota_us"), number_in(directory + "/cpu.cfs_period_us"));
}

void keep_smaller(std::optional<std::uint32_t>& into, std::optional<std::uint32_t> other) {
    if (other && (!into || *other < *into)) {
        into = other;
    }
}

} // namespace

std::optional<std::uint32_t> cpus_of_max(std::string_view cpu_max) {
    const auto blank = cpu_max.find(' ');
    return blank == cpu_max.npos ? std::nullopt
                                 : cpus(leading_number(cpu_max), leading_number(cpu_max.substr(blank + 1)));
}

std::optional<std::uint32_t> quota_cpus(const World& world, std::uint32_t pid) {
    std::optional<std::uint32_t> smallest;
    each_control_group(world, pid, "cpu", [&smallest](const std::string& directory, bool unified) {
        keep_smaller(smallest, cpus_of_group(directory, unified));
    });
    return smallest;
}

} // namespace tasks::inspect
