// Finds the directory in which one process's agent put its files: in the places that everybody uses first, which costs
// a few stats; then in those that the process's own environment names, then where its maps show its table.
// Environment and maps are read by a child with a deadline, for all processes at once. Directories are opened once
// for each file system that processes see. One thread at a time.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/target.hpp"
#include "capture/world.hpp"
#include "discovery/machine.hpp"
#include "discovery/place_directory.hpp"
#include "discovery/process_facts.hpp"

namespace tasks::discovery {

class AgentLocator {
public:
    /// `patience_ns`: of the whole answer; half of it may be spent on environments, half on maps, and half of that on
    /// one file.
    AgentLocator(const inspect::World& world, const Machine& machine, std::uint64_t patience_ns)
        : world_(world), machine_(machine), patience_ns_(patience_ns) {}

    struct Located {
        std::optional<inspect::AgentFiles> files;
        std::vector<std::string> looked_in;    ///< the directories, where no files are found
        std::optional<inspect::Error> problem; ///< the worst of what stood in the way, likewise
    };

    /// For each process. `deep`: also by environment and maps.
    std::vector<Located> locate(const std::vector<Process>& processes, bool deep);

    /// A directory of our own file system.
    const OpenedPlace& own_place(const std::string& path) { return open({}, -1, path); }

private:
    struct Root {
        RootKey key{};
        inspect::FileDescriptor fd; ///< empty: it is ours
        bool reachable = true;
    };
    const OpenedPlace& open(const RootKey& key, int root_fd, const std::string& path);
    Root root_of(const Process& process) const;
    void look_into(const std::vector<std::string>& places, const Process& process, Located& located);
    bool look_at(const OpenedPlace& opened, const Process& process, Located& located) const;
    void look_deep(const std::vector<Process>& processes, std::vector<Located>& located, std::string_view file);

    const inspect::World& world_;
    const Machine& machine_;
    std::uint64_t patience_ns_;
    std::map<std::pair<RootKey, std::string>, OpenedPlace> opened_;
};

/// The variables in the text of /proc/PID/environ.
protocol::Environment parse_environ(std::string text);

/// The directory of the table with that name in the text of /proc/PID/maps; "" where it is not mapped.
std::string table_directory_in(std::string_view maps, const std::string& table_name);

} // namespace tasks::discovery
