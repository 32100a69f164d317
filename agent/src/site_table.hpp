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

    /// The number of this site where the first look meets it; else 0: intern() it.
    std::uint32_t known(const char* name, const SourcePlace& place) const noexcept {
        return memory_->entries[slot_of(name, place) % entry_count].site_of(name, place);
    }

    /// The same place under another name; `from`: the number of its site. 0: rename() it.
    std::uint32_t known_renamed(std::uint32_t from, const char* name) const noexcept {
        const Renamed& entry = renamed_of(from, name);
        const std::uint64_t numbers = entry.numbers.load(std::memory_order_acquire);
        return numbers >> 32 == from && entry.name.load(std::memory_order_relaxed) == name
                   ? static_cast<std::uint32_t>(numbers)
                   : 0;
    }
    /// The same where known_renamed() does not know it; 0 where it found no room.
    std::uint32_t rename(std::uint32_t from, const char* name) noexcept;

    /// The number of this site, 0 where it found no room.
    std::uint32_t intern(const char* name, const SourcePlace& place) noexcept {
        const std::uint32_t site = known(name, place);
        return site != 0 ? site : look_further(name, place);
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
    static constexpr std::uint64_t empty = 0;
    static constexpr std::uint64_t busy = std::uint64_t{0xffffffff} << 32; // of no line, and of no site's number
    /// Written once, but that retire() makes it empty beneath a thread that reads it: a number that such a thread takes
    /// from it is of a table that nobody reads. Two to a cache line.
    struct alignas(32) Entry {
        std::atomic<std::uint64_t> numbers; // line << 32 | site, or empty, or busy
        std::atomic<const char*> name;
        std::atomic<const char*> file;

        /// 0: it is another one.
        std::uint32_t site_of(const char* its_name, const SourcePlace& place) const noexcept {
            const std::uint64_t now = numbers.load(std::memory_order_acquire);
            return now >> 32 == place.line && name.load(std::memory_order_relaxed) == its_name &&
                           file.load(std::memory_order_relaxed) == place.file
                       ? static_cast<std::uint32_t>(now)
                       : 0;
        }
    };
    /// As an entry is.
    struct Renamed {
        std::atomic<std::uint64_t> numbers; // site of the place << 32 | site with the name, or empty, or busy
        std::atomic<const char*> name;
    };
    static constexpr std::uint32_t entry_count = 16384;
    static constexpr std::uint32_t renamed_count = 1024;
    /// Private memory, 928 KiB of addresses.
    struct Memory {
        Entry entries[entry_count];
        Renamed renamed[renamed_count];
        SourcePlace places[entry_count]; // by site, written before its entry is
    };
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
    Renamed& renamed_of(std::uint32_t from, const char* name) const noexcept {
        return memory_->renamed[(from ^ reinterpret_cast<std::uintptr_t>(name) >> 3) % renamed_count];
    }
    std::uint32_t look_further(const char* name, const SourcePlace& place) noexcept;
    std::uint32_t add(const char* name, const SourcePlace& place) noexcept;
    bool write_site(std::uint32_t site, const char* name, const SourcePlace& place) noexcept;
    std::uint32_t take_site() noexcept;
    std::uint64_t take_text(std::uint64_t bytes) noexcept;
    bool append(std::size_t site_bytes, std::size_t text_bytes) noexcept;

    TableFile* file_ = nullptr;
    std::atomic<bool>* low_ = nullptr;
    Memory* memory_ = nullptr;
    SiteRange sites_[max_ranges]{};
    TextRange texts_[max_ranges]{};
    std::atomic<std::uint32_t> range_count_{0}; // of both
    std::atomic<std::uint32_t> used_sites_{0};
    std::atomic<std::uint32_t> room_for_sites_{0};
    std::atomic<bool> short_of_room_{false};
};

} // namespace tasks::agent
