#include "discovery/verdict_cache.hpp"

#include <array>
#include <charconv>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/file_descriptor.hpp"

namespace tasks::discovery {
namespace {

using inspect::FileDescriptor;

constexpr std::size_t max_bytes = 4u << 20;
constexpr std::size_t max_entries = 65536;
constexpr std::uint64_t no_counts_for_s = 60;
constexpr std::uint64_t settled_s = 2; // its libraries are mapped by then
constexpr auto file_name = "processes";
constexpr auto new_name = "processes.new";

std::string cache_directory(const inspect::World& world) {
    if (const auto cache = world.environment("XDG_CACHE_HOME"); cache && cache->starts_with('/')) {
        return *cache + "/tasks";
    }
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

std::string read_ours(const std::string& directory, std::uint32_t euid) {
    const auto folder = open_directory(directory);
    if (!is_ours(folder, S_IFDIR, euid)) {
        return {};
    }
    const FileDescriptor file{
        ::openat(folder.get(), file_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!is_ours(file, S_IFREG, euid)) {
        return {};
    }
    std::string text(max_bytes, '\0');
    const auto count = inspect::read_some(file.get(), text.data(), text.size());
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

template <class Number> bool take(std::string_view& line, Number& into, int base = 10) {
    const auto end = std::from_chars(line.data(), line.data() + line.size(), into, base);
    if (end.ec != std::errc{} || (end.ptr != line.data() + line.size() && *end.ptr != ' ')) {
        return false;
    }
    line.remove_prefix(std::min(line.size(), static_cast<std::size_t>(end.ptr - line.data()) + 1));
    return true;
}

bool write_whole(int fd, std::string_view text) {
    return ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

} // namespace

VerdictCache::VerdictCache(const inspect::World& world, const Machine& machine)
    : world_(world), machine_(machine), directory_(cache_directory(world)) {
    if (!directory_.empty()) {
        parse(read_ours(directory_, world.euid));
    }
}

std::string VerdictCache::head() const {
    return "tasks-processes 1 " + machine_.boot_id + " " + std::to_string(machine_.pid_namespace) + "\n";
}

std::uint64_t VerdictCache::now_s() const { return world_.clock->boottime_ns() / 1'000'000'000; }

void VerdictCache::parse(std::string_view text) {
    const auto expected = head();
    if (!text.starts_with(expected)) {
        return;
    }
    text.remove_prefix(expected.size());
    while (!text.empty() && entries_.size() < max_entries) {
        auto line = text.substr(0, text.find('\n'));
        if (line.size() == text.size()) {
            return; // its end is missing
        }
        text.remove_prefix(line.size() + 1);
        std::uint32_t pid = 0;
        unsigned verdict = 2;
        Entry entry;
        if (take(line, pid) && take(line, entry.start_time_ticks) && take(line, entry.program, 16) &&
            take(line, verdict) && take(line, entry.checked_s) && line.empty() && verdict < 2) {
            entry.verdict = verdict == 1;
            entries_[pid] = entry;
        }
    }
}

std::optional<bool> VerdictCache::find(const Key& key) const {
    const auto found = entries_.find(key.pid);
    if (found == entries_.end() || found->second.start_time_ticks != key.start_time_ticks ||
        found->second.program != key.program) {
        return std::nullopt;
    }
    const auto now = now_s();
    const auto& entry = found->second;
    if (entry.checked_s > now || (!entry.verdict && now - entry.checked_s >= no_counts_for_s)) {
        return std::nullopt;
    }
    entry.used = true;
    return entry.verdict;
}

void VerdictCache::keep(const Key& key, bool verdict) {
    if (!verdict && world_.uptime_ns(key.start_time_ticks) < settled_s * 1'000'000'000) {
        return;
    }
    entries_[key.pid] = {key.start_time_ticks, key.program, verdict, now_s(), true};
    changed_ = true;
}

void VerdictCache::save() const {
    if (!changed_ || directory_.empty()) {
        return;
    }
    ::mkdir(directory_.substr(0, directory_.rfind('/')).c_str(), 0700); // ~/.cache
    ::mkdir(directory_.c_str(), 0700);
    const auto folder = open_directory(directory_);
    if (!is_ours(folder, S_IFDIR, world_.euid)) {
        return;
    }
    std::string text = head();
    std::size_t count = 0;
    for (const auto& [pid, entry] : entries_) {
        if (!entry.used || ++count > max_entries) {
            continue;
        }
        std::array<char, 128> line;
        const auto size = std::snprintf(line.data(), line.size(), "%u %llu %llx %d %llu\n", pid,
                                        static_cast<unsigned long long>(entry.start_time_ticks),
                                        static_cast<unsigned long long>(entry.program), entry.verdict ? 1 : 0,
                                        static_cast<unsigned long long>(entry.checked_s));
        text.append(line.data(), static_cast<std::size_t>(size));
    }
    ::unlinkat(folder.get(), new_name, 0); // of one that was killed
    const FileDescriptor file{
        ::openat(folder.get(), new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)};
    if (!file || text.size() > max_bytes || !write_whole(file.get(), text) ||
        ::renameat(folder.get(), new_name, folder.get(), file_name) != 0) {
        ::unlinkat(folder.get(), new_name, 0);
    }
}

std::uint64_t VerdictCache::program_hash(std::string_view exe) { // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : exe) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    return hash;
}

} // namespace tasks::discovery
