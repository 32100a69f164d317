#include "capture/processor_quota.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace tasks::inspect {
namespace {

constexpr int max_depth = 64; // of nested groups; the kernel's own default is unlimited

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

/// The group and all above it, up to the mount.
std::optional<std::uint32_t> smallest_upwards(const std::string& mount, std::string group, bool unified) {
    std::optional<std::uint32_t> smallest;
    for (int depth = 0; depth < max_depth && group.find("..") == std::string::npos; ++depth) {
        keep_smaller(smallest, cpus_of_group(mount + group, unified));
        if (group.empty() || group == "/") {
            break;
        }
        group.resize(group.rfind('/'));
    }
    return smallest;
}

} // namespace

std::optional<std::uint32_t> cpus_of_max(std::string_view cpu_max) {
    const auto blank = cpu_max.find(' ');
    return blank == cpu_max.npos ? std::nullopt
                                 : cpus(leading_number(cpu_max), leading_number(cpu_max.substr(blank + 1)));
}

std::optional<std::uint32_t> quota_cpus(const World& world, std::uint32_t pid) {
    const auto groups = world.proc.read(pid, "cgroup");
    if (!groups) {
        return std::nullopt;
    }
    std::optional<std::uint32_t> smallest;
    std::string_view rest{*groups};
    while (!rest.empty()) { // hierarchy:controllers:group
        const auto line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const auto first = line.find(':');
        const auto second = first == line.npos ? first : line.find(':', first + 1);
        if (second == line.npos || line.substr(second + 1, 1) != "/") {
            continue;
        }
        const auto controllers = "," + std::string{line.substr(first + 1, second - first - 1)} + ",";
        const std::string group{line.substr(second + 1)};
        if (controllers == ",,") {
            keep_smaller(smallest, smallest_upwards(world.cgroup, group, true));
        } else if (controllers.find(",cpu,") != std::string::npos) {
            keep_smaller(smallest, smallest_upwards(world.cgroup + "/cpu", group, false));
        }
    }
    return smallest;
}

} // namespace tasks::inspect
