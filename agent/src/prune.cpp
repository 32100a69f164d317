#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include <tasks/protocol/places.hpp>
#include <tasks/protocol/table_layout.hpp>

#include "identity.hpp"
#include "place.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t kept_tables = 8; // of dead processes, a user
constexpr std::size_t most_looked_at = 4096;

struct DeadTable {
    std::string name;
    protocol::InstanceName instance;
    std::uint64_t started_at_realtime_ns = 0; // stores through a mapping leave mtime as it is
};

std::optional<protocol::TableHeader> header_of(int directory, const char* name) {
    const OwnedFd fd{::openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    protocol::TableHeader header;
    if (!fd || ::pread(fd.get(), &header, sizeof header, 0) != ssize_t{sizeof header} ||
        header.magic != protocol::table_magic)
        return std::nullopt;
    return header;
}

/// Of an earlier boot, or of a process of our pid namespace that is gone. What cannot be judged from here lives.
bool is_dead(const protocol::TableHeader& header, const protocol::InstanceName& instance, const Identity& we) {
    if (header.boot_id != we.boot_id)
        return true;
    if (header.pid_namespace != we.pid_namespace || header.pid_namespace == 0)
        return false;
    return start_time_of(instance.pid) != instance.start_time_ticks;
}

std::vector<DeadTable> dead_tables(int directory, const Identity& we) {
    std::vector<DeadTable> dead;
    OwnedFd again =
        above_standard_streams(OwnedFd{::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)});
    const std::unique_ptr<DIR, int (*)(DIR*)> stream{again ? ::fdopendir(again.get()) : nullptr, &::closedir};
    if (!stream)
        return dead;
    again.release();
    while (const dirent* entry = dead.size() < most_looked_at ? ::readdir(stream.get()) : nullptr) {
        const auto instance = protocol::parse_instance_name(entry->d_name);
        if (!instance || instance->file != protocol::PlacedFile::table)
            continue;
        if (const auto header = header_of(directory, entry->d_name); header && is_dead(*header, *instance, we))
            dead.push_back({entry->d_name, *instance, header->started_at_realtime_ns});
    }
    return dead;
}

} // namespace

void prune_dead(const Place& place, const Identity& we) {
    const int directory = place.directory.get();
    auto dead = dead_tables(directory, we);
    std::sort(dead.begin(), dead.end(),
              [](const auto& a, const auto& b) { return a.started_at_realtime_ns > b.started_at_realtime_ns; });
    for (std::size_t i = 0; i < dead.size(); ++i) {
        const std::string stem = protocol::instance_name(dead[i].instance.pid, dead[i].instance.start_time_ticks);
        ::unlinkat(directory, (stem + std::string(protocol::socket_suffix)).c_str(), 0);
        if (i >= kept_tables)
            for (const std::string_view suffix : {protocol::table_suffix, protocol::crash_suffix})
                ::unlinkat(directory, (stem + std::string(suffix)).c_str(), 0);
    }
}

} // namespace tasks::agent
