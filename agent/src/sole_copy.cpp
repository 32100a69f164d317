#include "sole_copy.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <ctime>
#include <string>
#include <string_view>

#include <tasks/protocol/places.hpp>

#include "proc_file.hpp"

namespace tasks::agent {
namespace {

constexpr int most_waits = 1000;
constexpr timespec one_wait{.tv_sec = 0, .tv_nsec = 1'000'000};
constexpr std::size_t buffer_bytes = 16 * 1024; // a path in maps has at most 4 KiB

/// The name of the mapped file of a line of /proc/PID/maps, without its directory, or the name of a memfd.
std::string_view mapped_name(std::string_view line) {
    constexpr std::string_view deleted = " (deleted)";
    if (line.ends_with(deleted))
        line.remove_suffix(deleted.size());
    const std::size_t before = line.find_last_of("/:");
    return before == std::string_view::npos ? std::string_view{} : line.substr(before + 1);
}

} // namespace

StartLock::StartLock() noexcept : file_(open_for_reading(AT_FDCWD, "/proc/self/environ")) {
    for (int waits = 0; file_ && ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && waits < most_waits; ++waits) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return;
        ::nanosleep(&one_wait, nullptr);
    }
}

/// Closing it alone would not do: a child that was forked meanwhile has it open too.
StartLock::~StartLock() {
    if (file_)
        ::flock(file_.get(), LOCK_UN);
}

bool another_copy_runs(const Identity& identity) {
    const std::string wanted =
        protocol::instance_name(identity.pid, identity.start_time_ticks) + std::string(protocol::table_suffix);
    std::string buffer(buffer_bytes, '\0');
    Lines lines{open_for_reading(AT_FDCWD, "/proc/self/maps"), buffer};
    std::string_view line;
    while (lines.next(line))
        if (mapped_name(line) == wanted)
            return true;
    return false;
}

} // namespace tasks::agent
