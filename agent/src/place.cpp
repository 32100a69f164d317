#include "place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
    // glibc would go through a dozen other calls where the kernel (before 5.8) or a filter does not know this one.
    if (::syscall(SYS_faccessat2, fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
        return {};
    if (errno != ENOSYS && errno != EPERM)
        return std::strerror(errno);
    constexpr mode_t write_and_search = S_IWUSR | S_IXUSR;
    const bool may = facts.st_uid == 0 || (facts.st_mode & write_and_search) == write_and_search;
    return may ? std::string{} : "its mode lets not even its owner write in it";
}

OwnedFd open_directory(const std::string& path) {
    int fd = -1;
    do {
        fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    } while (fd < 0 && errno == EINTR);
    return OwnedFd{fd};
}

Result<Place> open_place(const std::string& path) {
    OwnedFd directory = open_directory(path);
    if (!directory && errno == ENOENT) {
        if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
            return Failure{std::string(std::strerror(errno))};
        directory = open_directory(path);
    }
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
    if (!wanted.empty() && wanted.front() != '/')
        return Failure{"directory " + wanted + ": not an absolute path; give one that begins with /"};
    const auto list = wanted.empty() ? protocol::places(variable, static_cast<std::uint32_t>(::geteuid()))
                                     : std::vector<std::string>{wanted};
    std::string tried;
    for (const std::string& path : list) {
        auto place = open_place(path);
        if (place)
            return place;
        tried += (tried.empty() ? "" : "; ") + path + ": " + place.error();
    }
    return Failure{"no directory for socket and table (" + tried + "); " +
                   (wanted.empty() ? "set TASKS_DIR to one that you own" : "give another one that you own")};
}

} // namespace tasks::agent
