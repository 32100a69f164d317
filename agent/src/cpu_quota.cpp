#include "cpu_quota.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>

#include "fixed_text.hpp"
#include "proc_file.hpp"

namespace tasks::agent {
namespace {

using Path = FixedText<1024>; // a longer one is not found: no quota is told

/// A cgroup hierarchy that carries the cpu controller, as the process sees it.
struct Hierarchy {
    bool version_2 = false;
    Path group;       ///< of the process, from /proc/self/cgroup
    Path mount_root;  ///< which group is mounted
    Path mount_point; ///< where
};

bool has_word(std::string_view list, std::string_view word) noexcept {
    while (!list.empty()) {
        const std::size_t comma = list.find(',');
        if (list.substr(0, comma) == word)
            return true;
        list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    }
    return false;
}

/// Finds the process's group: "0::/path" (version 2) or "4:cpu,cpuacct:/path" (version 1, which is preferred: on
/// a machine with both, that is where the controller is).
bool find_group(std::string_view root, std::span<char> text, Hierarchy& hierarchy) noexcept {
    Path path;
    path << root << "/proc/self/cgroup";
    Lines lines{open_for_reading(AT_FDCWD, path.c_str()), text};
    std::string_view line;
    bool found = false;
    while (lines.next(line)) {
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string_view::npos || second == std::string_view::npos)
            continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const bool version_1 = has_word(controllers, "cpu");
        const bool version_2 = controllers.empty() && line.substr(0, first) == "0" && !found;
        if (!version_1 && !version_2)
            continue;
        hierarchy.version_2 = version_2;
        hierarchy.group = {};
        hierarchy.group << line.substr(second + 1);
        found = true;
    }
    return found;
}

/// Finds where that hierarchy is mounted (proc_pid_mountinfo(5): id parent dev root point options ... - type source
/// super-options).
bool find_mount(std::string_view root, std::span<char> text, Hierarchy& hierarchy) noexcept {
    Path path;
    path << root << "/proc/self/mountinfo";
    Lines lines{open_for_reading(AT_FDCWD, path.c_str()), text};
    std::string_view line;
    while (lines.next(line)) {
        const std::size_t dash = line.find(" - ");
        if (dash == std::string_view::npos)
            continue;
        std::string_view tail = line.substr(dash + 3);
        const std::string_view type = take_word(tail);
        take_word(tail);
        const std::string_view options = take_word(tail);
        if (hierarchy.version_2 ? type != "cgroup2" : type != "cgroup" || !has_word(options, "cpu"))
            continue;
        for (int skipped = 0; skipped < 3; ++skipped)
            take_word(line);
        hierarchy.mount_root << take_word(line);
        hierarchy.mount_point << root << take_word(line);
        return true;
    }
    return false;
}

std::uint32_t cpus_of(std::uint64_t quota, std::uint64_t period) noexcept {
    const std::uint64_t cpus = (quota - 1) / period + 1;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(cpus, std::numeric_limits<std::uint32_t>::max()));
}

/// One file's text, of which the first number counts; nothing for "max", "-1" or no such file.
std::optional<std::uint64_t> read_number(std::string_view directory, std::string_view file, std::uint64_t& second) {
    Path path;
    path << directory << "/" << file;
    std::array<char, 64> buffer;
    const std::int64_t got = read_file(AT_FDCWD, path.c_str(), buffer);
    std::string_view text{buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    std::array<std::uint64_t, 2> numbers{};
    for (std::uint64_t& number : numbers) {
        const std::string_view word = take_word(text);
        if (std::from_chars(word.data(), word.data() + word.size(), number).ec != std::errc{})
            break;
    }
    second = numbers[1];
    return numbers[0] != 0 ? std::optional{numbers[0]} : std::nullopt;
}

std::optional<std::uint32_t> quota_in(std::string_view directory, bool version_2) noexcept {
    std::uint64_t period = 0;
    std::uint64_t unused = 0;
    const auto quota = read_number(directory, version_2 ? "cpu.max" : "cpu.cfs_quota_us", period);
    if (quota && !version_2)
        period = read_number(directory, "cpu.cfs_period_us", unused).value_or(0);
    if (!quota || period == 0)
        return {};
    return cpus_of(*quota, period);
}

} // namespace

std::optional<std::uint32_t> cgroup_cpu_quota(std::string_view root, std::span<char> text) noexcept {
    Hierarchy hierarchy;
    if (!find_group(root, text, hierarchy) || !find_mount(root, text, hierarchy))
        return {};
    std::string_view group = hierarchy.group.view();
    const std::string_view above = hierarchy.mount_root.view();
    if (above != "/" && group.substr(0, above.size()) == above)
        group.remove_prefix(above.size()); // a container that sees its own group as the root of the mount
    if (group == "/")
        group = {};
    const std::size_t top = hierarchy.mount_point.size();
    Path directory = hierarchy.mount_point;
    directory << group;
    std::optional<std::uint32_t> least;
    for (;;) {
        const auto quota = quota_in(directory.view(), hierarchy.version_2);
        if (quota)
            least = std::min(*quota, least.value_or(*quota));
        const std::size_t slash = directory.view().rfind('/');
        if (slash == std::string_view::npos || slash < top)
            return least;
        directory.shorten(slash);
    }
}

std::optional<std::uint32_t> affinity_cpus() noexcept {
    std::array<cpu_set_t, 8> mask{}; // 8,192 CPUs, the most that a kernel is built for
    if (::sched_getaffinity(0, sizeof mask, mask.data()) != 0)
        return {};
    return static_cast<std::uint32_t>(CPU_COUNT_S(sizeof mask, mask.data()));
}

std::optional<std::uint32_t> online_cpus(std::string_view root) noexcept {
    Path path;
    path << root << "/sys/devices/system/cpu/online";
    std::array<char, 1024> buffer; // "0-3,8-11"
    const std::int64_t got = read_file(AT_FDCWD, path.c_str(), buffer);
    if (got <= 0 && root.empty()) { // no /sys, as in many a chroot: glibc then counts the lines of /proc/stat
        const long known = ::sysconf(_SC_NPROCESSORS_ONLN);
        return known > 0 ? std::optional{static_cast<std::uint32_t>(known)} : std::nullopt;
    }
    std::string_view text{buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    std::uint32_t cpus = 0;
    while (!text.empty()) {
        std::uint32_t first = 0;
        auto parsed = std::from_chars(text.data(), text.data() + text.size(), first);
        if (parsed.ec != std::errc{})
            break;
        std::uint32_t last = first;
        if (parsed.ptr != text.data() + text.size() && *parsed.ptr == '-')
            parsed = std::from_chars(parsed.ptr + 1, text.data() + text.size(), last);
        if (parsed.ec != std::errc{} || last < first)
            return {};
        cpus += last - first + 1;
        text.remove_prefix(std::min(text.size(), static_cast<std::size_t>(parsed.ptr - text.data()) + 1));
    }
    return cpus != 0 ? std::optional{cpus} : std::nullopt;
}

} // namespace tasks::agent
