#include "discovery/place_directory.hpp"

#include <cerrno>
#include <cstring>
#include <map>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace tasks::discovery {
namespace {

constexpr std::size_t max_instances = 65536;

inspect::FileDescriptor open_in(int root_fd, const std::string& path) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK;
    how.resolve = RESOLVE_NO_MAGICLINKS | (root_fd < 0 ? 0u : std::uint64_t{RESOLVE_IN_ROOT});
    const auto fd = ::syscall(SYS_openat2, root_fd < 0 ? AT_FDCWD : root_fd, path.c_str(), &how, sizeof how);
    if (fd < 0 && root_fd < 0 && (errno == ENOSYS || errno == EPERM)) { // before Linux 5.6, or filtered
        return inspect::FileDescriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)};
    }
    return inspect::FileDescriptor{static_cast<int>(fd)};
}

OpenedPlace problem(const std::string& path, const std::string& what,
                    inspect::Trouble trouble = inspect::Trouble::not_inspectable) {
    return {std::nullopt, inspect::Error{trouble, "directory " + path + ": " + what}};
}

OpenedPlace cannot_open(const std::string& path, int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return {};
    case EACCES:
    case EPERM:
        return problem(path, "permission denied; run as its owner or as root", inspect::Trouble::permission);
    default:
        return problem(path, std::strerror(error));
    }
}

inspect::AgentFiles files_in(const PlaceDirectory& place, std::uint32_t inner_pid, std::uint64_t start_time_ticks) {
    inspect::AgentFiles files;
    files.directory = place.fd;
    files.directory_path = place.path;
    files.inner_pid = inner_pid;
    files.start_time_ticks = start_time_ticks;
    files.owner_uid = place.owner_uid;
    return files;
}

bool is_there(const PlaceDirectory& place, const std::string& name) {
    struct stat facts{};
    return ::fstatat(place.fd->get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

} // namespace

OpenedPlace open_place(int root_fd, const std::string& path) {
    auto fd = open_in(root_fd, path);
    struct stat facts{};
    if (!fd || ::fstat(fd.get(), &facts) != 0) {
        return cannot_open(path, errno);
    }
    if ((facts.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (facts.st_mode & S_ISVTX) == 0) {
        return problem(path, "others than its owner can write to it, so its files are not believed; chmod go-w it");
    }
    return {PlaceDirectory{std::make_shared<const inspect::FileDescriptor>(std::move(fd)), path, facts.st_uid}, {}};
}

std::vector<inspect::AgentFiles> list_place(const PlaceDirectory& place) {
    // A descriptor of its own: the offset of the shared one stays at the start.
    const int again = ::openat(place.fd->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory{again < 0 ? nullptr : ::fdopendir(again), ::closedir};
    std::map<std::pair<std::uint32_t, std::uint64_t>, inspect::AgentFiles> found;
    while (const auto* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const auto name = protocol::parse_instance_name(entry->d_name);
        if (!name || found.size() >= max_instances) {
            continue;
        }
        auto& files =
            found.try_emplace({name->pid, name->start_time_ticks}, files_in(place, name->pid, name->start_time_ticks))
                .first->second;
        (name->file == protocol::PlacedFile::socket ? files.has_socket : files.has_table) = true;
    }
    std::vector<inspect::AgentFiles> all;
    for (auto& [name, files] : found) {
        all.push_back(std::move(files));
    }
    return all;
}

std::optional<inspect::AgentFiles> find_in_place(const PlaceDirectory& place, std::uint32_t inner_pid,
                                                 std::uint64_t start_time_ticks) {
    auto files = files_in(place, inner_pid, start_time_ticks);
    files.has_socket = is_there(place, files.socket_name());
    files.has_table = is_there(place, files.table_name());
    return files.has_socket || files.has_table ? std::optional{std::move(files)} : std::nullopt;
}

} // namespace tasks::discovery
