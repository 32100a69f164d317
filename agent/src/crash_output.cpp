#include "crash_output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <tasks/protocol/places.hpp>

namespace tasks::agent {

int CrashOutput::choose(std::string_view asked, const ProfiledProcess& process) noexcept {
    struct stat facts{};
    if (::fstat(STDERR_FILENO, &facts) == 0) {
        error_device_ = facts.st_dev;
        error_inode_ = facts.st_ino;
    }
    if (asked.empty())
        return 0;
    if (asked.front() != '/')
        return EINVAL;
    if (asked.size() >= 4096)
        return ENAMETOOLONG;
    path_ << asked;
    if (asked.back() != '/')
        return 0;
    for (const char letter : process.name.view())
        path_ << (letter == '/' ? std::string_view{"_"} : std::string_view{&letter, 1});
    path_ << "." << process.pid << "-" << process.start_time_ticks << protocol::crash_suffix;
    return 0;
}

OwnedFd CrashOutput::create(std::string_view place, const ProfiledProcess& process, Path& path) const noexcept {
    path = path_;
    if (path.size() == 0 && !place.empty())
        path << place << "/" << process.pid << "-" << process.start_time_ticks << protocol::crash_suffix;
    if (path.size() == 0)
        return {};
    ::unlink(path.c_str()); // what is there may be a link, or of other rights
    return above_standard_streams(
        OwnedFd{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600)});
}

int CrashOutput::standard_error() const noexcept {
    struct stat facts{};
    if (::fstat(STDERR_FILENO, &facts) != 0)
        return -1;
    const bool same = facts.st_dev == error_device_ && facts.st_ino == error_inode_;
    const int flags = ::fcntl(STDERR_FILENO, F_GETFL);
    const bool appended = flags >= 0 && (flags & O_APPEND) != 0;
    return same || appended || S_ISFIFO(facts.st_mode) || S_ISCHR(facts.st_mode) ? STDERR_FILENO : -1;
}

} // namespace tasks::agent
