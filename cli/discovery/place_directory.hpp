// One directory in which agents put their files, opened in the file system of the process that names it.
// Trusted only as far as its owner is: others must not be able to put files under another's name into it.
// Holds the directory open. One thread at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tasks/protocol/places.hpp>

#include "capture/target.hpp"
#include "error.hpp"

namespace tasks::discovery {

struct PlaceDirectory {
    std::shared_ptr<const inspect::FileDescriptor> fd;
    std::string path; ///< as the process names it
    std::uint32_t owner_uid = 0;
};

/// What came of looking for a directory: it, nothing (it is not there), or what is wrong with it.
struct OpenedPlace {
    std::optional<PlaceDirectory> place;
    std::optional<inspect::Error> problem;
};

/// Opens `path`. `root_fd`: the root that the path starts from, -1: our own. Magic links and `..` do not lead out of
/// it (openat2). A directory that others may write to is a problem, unless it is sticky as /tmp is.
OpenedPlace open_place(int root_fd, const std::string& path);

/// The files of agents in it, each process once, at most 65,536.
std::vector<inspect::AgentFiles> list_place(const PlaceDirectory& place);

/// The files of that one process in it; nothing where it has none there.
std::optional<inspect::AgentFiles> find_in_place(const PlaceDirectory& place, std::uint32_t inner_pid,
                                                 std::uint64_t start_time_ticks);

} // namespace tasks::discovery
