// Interns the sites of jobs and waits: a literal name and a place in the source become a small number. Look-up is
// lock-free and reads private memory; a site is written into the table once, when it is first met.
// Keyed by the *addresses* of the literals: two threads that meet a new site at once may write it twice, and equal
// literals of two libraries are two sites; readers compare texts.
// Any thread; never allocates after creation. Where there is no room a site is 0 and counted.
#pragma once

#include <atomic>
#include <cstdint>

#include <tasks/job.hpp>

#include "table_file.hpp"

namespace tasks::agent {

class SiteTable {
public:
    /// False: no memory, or no room in the file.
    /// Sets `low` when room runs short.
    bool create(TableFile& file, std::atomic<bool>& low) noexcept;

    /// The number of this site, 0 where it found no room.
    std::uint32_t intern(const char* name, const SourcePlace& place) noexcept {
        const std::uint32_t first = slot_of(name, place);
        for (std::uint32_t probe = 0; probe < max_probes; ++probe) {
            const Entry& entry = entries_[(first + probe) % entry_count];
            if (entry.state.load(std::memory_order_acquire) == written &&
                entry.name.load(std::memory_order_relaxed) == name &&
                entry.file.load(std::memory_order_relaxed) == place.file &&
                entry.line.load(std::memory_order_relaxed) == place.line)
                return entry.site.load(std::memory_order_relaxed);
            if (entry.state.load(std::memory_order_relaxed) == empty)
                break;
        }
        return add(name, place);
    }

    /// The shared counts of a site; null for 0.
    protocol::SiteRecord* record(std::uint32_t site) noexcept;

    /// Sites interned so far: 1 ... used().
    std::uint32_t used() const noexcept { return used_sites_.load(std::memory_order_acquire); }

    /// Nobody counts on its sites any more: forgets them all. Late callers begin anew, in memory that nobody reads.
    void retire() noexcept;

    /// The agent's thread: appends room when three quarters are used. True: something was appended.
    bool grow_ahead() noexcept;
    bool wants_room() const noexcept;

private:
    enum State : std::uint32_t { empty, busy, written };
    /// Written once, but that retire() makes it empty beneath a thread that reads it: a number that such a thread takes
    /// from it is of a table that nobody reads.
    struct Entry {
        std::atomic<std::uint32_t> state;
        std::atomic<std::uint32_t> line;
        std::atomic<const char*> name;
        std::atomic<const char*> file;
        std::atomic<std::uint32_t> site;
    };
    static constexpr std::uint32_t entry_count = 16384;
    static constexpr std::uint32_t max_probes = 64;
    static constexpr std::uint32_t max_ranges = 16;

    struct SiteRange {
        std::uint64_t offset;
        std::uint32_t first; // site number of its first record
        std::uint32_t count;
    };
    struct TextRange {
        std::atomic<std::uint64_t> next;
        std::uint64_t end;
    };

    static std::uint32_t slot_of(const char* name, const SourcePlace& place) noexcept {
        const auto mixed = (reinterpret_cast<std::uintptr_t>(name) ^
                            (reinterpret_cast<std::uintptr_t>(place.file) << 1) ^ place.line) *
                           0x9E3779B97F4A7C15ull;
        return static_cast<std::uint32_t>(mixed >> 40);
    }
    std::uint32_t add(const char* name, const SourcePlace& place) noexcept;
    bool write_site(std::uint32_t site, const char* name, const SourcePlace& place) noexcept;
    std::uint32_t take_site() noexcept;
    std::uint64_t take_text(std::uint64_t bytes) noexcept;
    bool append(std::size_t site_bytes, std::size_t text_bytes) noexcept;

    TableFile* file_ = nullptr;
    std::atomic<bool>* low_ = nullptr;
    Entry* entries_ = nullptr; // entry_count, private memory
    SiteRange sites_[max_ranges]{};
    TextRange texts_[max_ranges]{};
    std::atomic<std::uint32_t> range_count_{0}; // of both
    std::atomic<std::uint32_t> used_sites_{0};
    std::atomic<std::uint32_t> room_for_sites_{0};
    std::atomic<bool> short_of_room_{false};
};

} // namespace tasks::agent
