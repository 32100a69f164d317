// Where the threads of a process are in /proc, by their numbers as the process itself sees them. Holds a map only of a
// process with a pid namespace of its own. A value; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/world.hpp"

namespace tasks::inspect {

class TaskFolders {
public:
    /// `world` must outlive it. `pid` as we see it; `own_pid_namespace`: the process numbers its threads as we do.
    TaskFolders(const World& world, std::uint32_t pid, bool own_pid_namespace);

    /// "12/task/13/"; "" where the process has no such thread any more.
    std::string of(std::uint32_t tid) const;

    /// The threads that the process has now, as it numbers them.
    std::vector<std::uint32_t> tids() const;

private:
    std::unordered_map<std::uint32_t, std::uint32_t> outer_tids() const;

    const World& world_;
    std::string all_;
    bool same_numbers_;
    std::unordered_map<std::uint32_t, std::uint32_t> outer_;
};

} // namespace tasks::inspect
