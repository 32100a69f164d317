// The directory of the agent's files: the first of the list that can be made and trusted, opened. A directory is
// trusted when it is ours and nobody else can write in it. One fd, owned here. Used at start and stop only.
#pragma once

#include <string>

#include <tasks/protocol/result.hpp>

#include "identity.hpp"
#include "watched_fd.hpp"

namespace tasks::agent {

struct Place {
    WatchedFd directory;
    std::string path;
};

/// `wanted` (AgentOptions::directory) or else the environment's list. Failure: one sentence with each path tried and
/// why.
Result<Place> find_place(const std::string& wanted);

/// Removes tables and sockets of dead processes in that directory beyond the newest 8 tables. Judged by pid namespace,
/// boot id, pid and start time together; what cannot be judged stays.
void prune_dead(const Place& place, const Identity& we);

} // namespace tasks::agent
