#include "capture/control_groups.hpp"

#include <algorithm>

namespace tasks::inspect {
namespace {

constexpr int max_depth = 64; // of nested groups; the kernel's own default is unlimited

using Visit = std::function<void(const std::string&, bool)>;

/// The group and all above it, up to the mount.
void upwards(const std::string& mount, std::string group, bool unified, const Visit& visit) {
    for (int depth = 0; depth < max_depth && group.find("..") == std::string::npos; ++depth) {
        visit(mount + group, unified);
        if (group.empty() || group == "/") {
            break;
        }
        group.resize(group.rfind('/'));
    }
}

} // namespace

void each_control_group(const World& world, std::uint32_t pid, std::string_view controller, const Visit& visit) {
    const auto groups = world.proc.read(pid, "cgroup");
    const auto named = "," + std::string{controller} + ",";
    std::string_view rest = groups ? std::string_view{*groups} : std::string_view{};
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
            upwards(world.cgroup, group, true, visit);
        } else if (controllers.find(named) != std::string::npos) {
            upwards(world.cgroup + "/" + std::string{controller}, group, false, visit);
        }
    }
}

} // namespace tasks::inspect
