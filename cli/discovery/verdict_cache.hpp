// Which processes are C++ programs, from the last `tasks list -a`: a file of the user's,
// $XDG_CACHE_HOME/tasks/processes (else ~/.cache/tasks/processes), see CacheFile. It saves reading a thousand
// /proc/PID/maps; nothing in it is trusted: each line is checked against pid, start time and program.
//
//     tasks-processes 1 BOOT-ID PID-NAMESPACE
//     PID START PROGRAM-HASH VERDICT CHECKED     a line each; CHECKED: seconds since boot
//
// A verdict "no" counts for a minute: a process may still load a library. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "capture/cache_file.hpp"
#include "capture/world.hpp"
#include "discovery/machine.hpp"

namespace tasks::discovery {

class VerdictCache {
public:
    VerdictCache(const inspect::World& world, const Machine& machine);

    struct Key {
        std::uint32_t pid = 0;
        std::uint64_t start_time_ticks = 0;
        std::uint64_t program = 0; ///< program_hash() of what it runs now: exec() keeps pid and start time
    };
    std::optional<bool> find(const Key& key) const;
    void keep(const Key& key, bool verdict);

    /// Writes what was found or kept since, if anything was kept. Failing does no harm.
    void save() const;

    static std::uint64_t program_hash(std::string_view exe);

private:
    struct Entry {
        std::uint64_t start_time_ticks = 0;
        std::uint64_t program = 0;
        bool verdict = false;
        std::uint64_t checked_s = 0;
        mutable bool used = false;
    };
    std::string head() const;
    void parse(std::string_view text);
    std::uint64_t now_s() const;

    const inspect::World& world_;
    const Machine& machine_;
    inspect::CacheFile file_;
    std::map<std::uint32_t, Entry> entries_;
    bool changed_ = false;
};

} // namespace tasks::discovery
