#include "discovery/verdict_cache.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace tasks::discovery {
namespace {

constexpr std::size_t max_bytes = 4u << 20;
constexpr std::size_t max_entries = 65536;
constexpr std::uint64_t no_counts_for_s = 60;
constexpr std::uint64_t settled_s = 2; // its libraries are mapped by then

template <class Number> bool take(std::string_view& line, Number& into, int base = 10) {
    const auto end = std::from_chars(line.data(), line.data() + line.size(), into, base);
    if (end.ec != std::errc{} || (end.ptr != line.data() + line.size() && *end.ptr != ' ')) {
        return false;
    }
    line.remove_prefix(std::min(line.size(), static_cast<std::size_t>(end.ptr - line.data()) + 1));
    return true;
}

} // namespace

VerdictCache::VerdictCache(const inspect::World& world, const Machine& machine)
    : world_(world), machine_(machine), file_(world, "processes", max_bytes) {
    parse(file_.read());
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
    if (!changed_) {
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
    file_.write(text);
}

std::uint64_t VerdictCache::program_hash(std::string_view exe) { // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : exe) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    return hash;
}

} // namespace tasks::discovery
