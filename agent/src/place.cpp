#include "place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include <tasks/protocol/places.hpp>

namespace tasks::agent {
namespace {

/// Why the open directory cannot be trusted; empty: it can.
std::string distrust(int fd) {
    struct stat facts{};
    if (::fstat(fd, &facts) != 0)
        return std::strerror(errno);
    if (facts.st_uid != ::geteuid())
        return "owned by uid " + std::to_string(facts.st_uid) + ", not by " + std::to_string(::geteuid());
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        return "others can write in it";
    if (::faccessat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), W_OK | X_OK, AT_EACCESS) != 0)
        return std::strerror(errno);
    return {};
}

Result<Place> open_place(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return Failure{std::string(std::strerror(errno))};
    OwnedFd directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    Place place{.directory = above_standard_streams(std::move(directory)), .path = path};
    if (!place.directory)
        return Failure{std::string(std::strerror(errno))};
    if (std::string why = distrust(place.directory.get()); !why.empty())
        return Failure{std::move(why)};
    return place;
}

std::optional<std::string> variable(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

} // namespace

Result<Place> find_place(const std::string& wanted) {
    const auto list = wanted.empty() ? protocol::places(variable, static_cast<std::uint32_t>(::geteuid()))
                                     : std::vector<std::string>{wanted};
    std::string tried;
    for (const std::string& path : list) {
        auto place = open_place(path);
        if (place)
            return place;
        tried += (tried.empty() ? "" : "; ") + path + ": " + place.error();
    }
    return Failure{"no directory for socket and table (" + tried + "); set TASKS_DIR to one that you own"};
}

} // namespace tasks::agent
