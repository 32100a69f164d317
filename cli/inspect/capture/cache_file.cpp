#include "capture/cache_file.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t most_files = 10'000; ///< looked at in one go

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

std::string cache_directory(const World& world) {
    if (!world.environment)
        return {};
    if (const auto cache = world.environment("XDG_CACHE_HOME"); cache && cache->starts_with('/'))
        return *cache + "/tasks";
    const auto home = world.environment("HOME");
    return home && home->starts_with('/') ? *home + "/.cache/tasks" : "";
}

/// Ours, of that type, and nobody else may write to it.
bool is_ours(const FileDescriptor& fd, mode_t type, std::uint32_t euid) {
    struct stat facts{};
    return fd && ::fstat(fd.get(), &facts) == 0 && (facts.st_mode & S_IFMT) == type && facts.st_uid == euid &&
           (facts.st_mode & 022) == 0;
}

FileDescriptor open_directory(const std::string& path) {
    return FileDescriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
}

} // namespace

CacheFile::CacheFile(const World& world, std::string name, std::size_t most_bytes)
    : directory_(cache_directory(world)), name_(std::move(name)), most_bytes_(most_bytes), euid_(world.euid) {}

std::string CacheFile::read() const {
    const auto folder = open_directory(directory_);
    if (!is_ours(folder, S_IFDIR, euid_))
        return {};
    const FileDescriptor file{
        ::openat(folder.get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    struct stat facts{};
    if (!is_ours(file, S_IFREG, euid_) || ::fstat(file.get(), &facts) != 0 ||
        static_cast<std::size_t>(facts.st_size) > most_bytes_)
        return {};
    std::string text(static_cast<std::size_t>(facts.st_size), '\0');
    const auto count = read_some(file.get(), text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

void CacheFile::write(std::string_view text) const {
    if (directory_.empty() || text.size() > most_bytes_)
        return;
    ::mkdir(directory_.substr(0, directory_.rfind('/')).c_str(), 0700); // ~/.cache
    ::mkdir(directory_.c_str(), 0700);
    const auto folder = open_directory(directory_);
    if (!is_ours(folder, S_IFDIR, euid_))
        return;
    const std::string new_name = name_ + ".new";
    ::unlinkat(folder.get(), new_name.c_str(), 0); // of one that was killed
    const FileDescriptor file{
        ::openat(folder.get(), new_name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        ::renameat(folder.get(), new_name.c_str(), folder.get(), name_.c_str()) != 0)
        ::unlinkat(folder.get(), new_name.c_str(), 0);
}

void CacheFile::keep_newest(std::string_view name_begin, std::size_t count) const {
    auto folder = open_directory(directory_);
    if (!is_ours(folder, S_IFDIR, euid_))
        return;
    const std::unique_ptr<DIR, CloseDirectory> names{::fdopendir(folder.get())};
    if (!names)
        return;
    const int fd = folder.release(); // closedir() closes it
    std::vector<std::pair<std::int64_t, std::string>> files;
    while (const dirent* entry = ::readdir(names.get())) {
        struct stat facts{};
        if (std::string_view{entry->d_name}.starts_with(name_begin) && files.size() < most_files &&
            ::fstatat(fd, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0)
            files.emplace_back(facts.st_mtim.tv_sec, entry->d_name);
    }
    std::sort(files.rbegin(), files.rend());
    for (std::size_t i = count; i < files.size(); ++i)
        ::unlinkat(fd, files[i].second.c_str(), 0);
}

} // namespace tasks::inspect
