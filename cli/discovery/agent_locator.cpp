#include "discovery/agent_locator.hpp"

#include <algorithm>
#include <cerrno>

#include "capture/patient_reader.hpp"

namespace tasks::discovery {
namespace {

constexpr std::size_t max_environ_bytes = 256 * 1024;
constexpr std::size_t max_maps_bytes = 16u << 20;

std::optional<std::string> nothing_set(std::string_view) { return std::nullopt; }

/// Files in a directory of a stranger would be his word about another's process.
bool believed(const PlaceDirectory& place, std::uint32_t process_uid, std::uint32_t our_uid) {
    return place.owner_uid == 0 || place.owner_uid == process_uid || place.owner_uid == our_uid;
}

void keep_worst(std::optional<inspect::Error>& into, const inspect::Error& error) {
    if (!into || (error.trouble == inspect::Trouble::permission && into->trouble != error.trouble)) {
        into = error;
    }
}

} // namespace

std::vector<AgentLocator::Located> AgentLocator::locate(const std::vector<Process>& processes, bool deep) {
    std::vector<Located> located(processes.size());
    for (std::size_t index = 0; index < processes.size(); ++index) {
        const auto& process = processes[index];
        std::vector<std::string> places;
        if (!process.hint.empty()) {
            places.push_back(process.hint);
        }
        if (process.uid == world_.euid) {
            const auto ours = protocol::places(world_.environment, world_.euid);
            places.insert(places.end(), ours.begin(), ours.end());
        }
        const auto usual = protocol::places(nothing_set, process.uid);
        places.insert(places.end(), usual.begin(), usual.end());
        look_into(places, process, located[index]);
    }
    if (deep) {
        look_deep(processes, located, "environ");
        look_deep(processes, located, "maps");
    }
    return located;
}

void AgentLocator::look_deep(const std::vector<Process>& processes, std::vector<Located>& located,
                             std::string_view file) {
    std::vector<std::size_t> left;
    std::vector<std::string> paths;
    for (std::size_t index = 0; index < processes.size(); ++index) {
        if (!located[index].files) {
            left.push_back(index);
            paths.push_back(world_.proc.path(processes[index].stat.pid, file));
        }
    }
    if (left.empty()) {
        return;
    }
    const bool is_environ = file == "environ";
    auto texts = inspect::read_patiently(paths, is_environ ? max_environ_bytes : max_maps_bytes, patience_ns_ / 4,
                                         inspect::Deadline{*world_.clock, patience_ns_ / 2});
    for (std::size_t at = 0; at < left.size(); ++at) {
        const auto& process = processes[left[at]];
        if (!texts[at]) {
            continue;
        }
        if (is_environ) {
            look_into(protocol::places(parse_environ(*std::move(texts[at])), process.uid), process, located[left[at]]);
            continue;
        }
        const auto name = protocol::instance_name(process.inner_pid, process.stat.start_time_ticks);
        const auto directory = table_directory_in(*texts[at], name + std::string{protocol::table_suffix});
        if (!directory.empty()) {
            look_into({directory}, process, located[left[at]]);
        }
    }
}

AgentLocator::Root AgentLocator::root_of(const Process& process) const {
    Root root;
    const auto key = root_key(world_.proc, std::to_string(process.stat.pid));
    if (!key || *key == machine_.root) {
        root.key = machine_.root; // where we may not look we suppose that it sees what we see
        return root;
    }
    root.key = *key;
    auto fd = world_.proc.open_directory(process.stat.pid, "root");
    root.reachable = fd.ok();
    if (fd) {
        root.fd = *std::move(fd);
    }
    return root;
}

const OpenedPlace& AgentLocator::open(const RootKey& key, int root_fd, const std::string& path) {
    const auto [entry, added] = opened_.try_emplace({root_fd < 0 ? machine_.root : key, path});
    if (added) {
        entry->second = open_place(root_fd, path);
    }
    return entry->second;
}

void AgentLocator::look_into(const std::vector<std::string>& places, const Process& process, Located& located) {
    const auto root = root_of(process);
    if (!root.reachable) {
        keep_worst(located.problem, {inspect::Trouble::permission,
                                     world_.proc.path(process.stat.pid, "root") +
                                         ": the file system that the process sees cannot be entered; run as root"});
        return;
    }
    // One that did chroot() after its agent began has its files where it was before: in our file system, if it is of
    // ours.
    const bool moved = root.fd.get() >= 0 && process.inner_pid == process.stat.pid;
    for (const auto& path : places) {
        if (std::ranges::find(located.looked_in, path) != located.looked_in.end()) {
            continue;
        }
        located.looked_in.push_back(path);
        if (look_at(open(root.key, root.fd.get(), path), process, located) ||
            (moved && look_at(own_place(path), process, located))) {
            return;
        }
    }
}

bool AgentLocator::look_at(const OpenedPlace& opened, const Process& process, Located& located) const {
    if (opened.problem) {
        keep_worst(located.problem, *opened.problem);
    }
    auto files =
        opened.place ? find_in_place(*opened.place, process.inner_pid, process.stat.start_time_ticks) : std::nullopt;
    if (!files) {
        return false;
    }
    if (!believed(*opened.place, process.uid, world_.euid)) {
        keep_worst(located.problem,
                   {inspect::Trouble::not_inspectable,
                    "directory " + opened.place->path + ": owned by uid " + std::to_string(opened.place->owner_uid) +
                        ", its process by uid " + std::to_string(process.uid) + "; it is not believed"});
        return false;
    }
    files->owner_uid = process.uid;
    located.files = std::move(files);
    return true;
}

protocol::Environment parse_environ(std::string text) {
    return [text = std::move(text)](std::string_view name) -> std::optional<std::string> {
        std::string_view rest{text};
        while (!rest.empty()) {
            const auto entry = rest.substr(0, rest.find('\0'));
            rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
            if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
                return std::string{entry.substr(name.size() + 1)};
            }
        }
        return std::nullopt;
    };
}

std::string table_directory_in(std::string_view maps, const std::string& table_name) {
    const auto ending = "/" + table_name;
    while (!maps.empty()) {
        const auto line = maps.substr(0, maps.find('\n'));
        maps.remove_prefix(std::min(maps.size(), line.size() + 1));
        const auto path = line.find('/');
        if (path != line.npos && line.ends_with(ending)) {
            const auto directory = line.substr(path, line.size() - path - ending.size());
            return directory.empty() ? "/" : std::string{directory};
        }
    }
    return {};
}

} // namespace tasks::discovery
