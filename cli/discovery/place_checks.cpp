#include "discovery/place_checks.hpp"

#include <cerrno>
#include <cstring>
#include <optional>

#include <unistd.h>

#include <tasks/protocol/places.hpp>

#include "discovery/place_directory.hpp"

namespace tasks::discovery {
namespace {

using inspect::Check;

/// Why an agent would pass it over; nothing where it would take it.
std::optional<std::string> problem_of(const inspect::World& world, const std::string& path) {
    const auto opened = open_place(-1, path);
    if (opened.problem) {
        return opened.problem->sentence;
    }
    if (opened.place) {
        return opened.place->owner_uid == world.euid
                   ? std::nullopt
                   : std::optional{path + ": owned by uid " + std::to_string(opened.place->owner_uid)};
    }
    const auto above = path.substr(0, path.rfind('/'));
    return ::access(above.empty() ? "/" : above.c_str(), W_OK | X_OK) == 0
               ? std::nullopt
               : std::optional{path + ": cannot be made in " + (above.empty() ? "/" : above) + ": " +
                               std::strerror(errno)};
}

} // namespace

Check check_places(const inspect::World& world) {
    std::string passed_over;
    for (const auto& path : protocol::places(world.environment, world.euid)) {
        const auto problem = problem_of(world, path);
        if (!problem) {
            return {Check::State::works, "runtime directory",
                    path + (passed_over.empty() ? "" : " (passed over: " + passed_over + ")"), ""};
        }
        passed_over += (passed_over.empty() ? "" : "; ") + *problem;
    }
    return {Check::State::missing, "runtime directory", passed_over,
            "set TASKS_DIR, for the program and for tasks, to a directory of mode 0700 that is yours"};
}

} // namespace tasks::discovery
