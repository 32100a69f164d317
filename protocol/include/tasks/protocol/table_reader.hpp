// Reads a task table, of a living, hung or dead process, or of one's own. Believes nothing in it: every offset,
// length, count and index is checked against the size of the file and the caps below; what cannot be read is
// counted and left out, never invented.
// Allocates only in open(), nothing in open_in(); streaming uses the reader's own buffers, so the agent may stream
// while another thread holds the malloc lock. One thread at a time. Does no I/O but through its TableSource.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <tasks/protocol/messages.hpp>
#include <tasks/protocol/result.hpp>
#include <tasks/protocol/table_layout.hpp>

namespace tasks::protocol {

/// Where the bytes of a table come from: pread of a file, or a test's memory.
class TableSource {
public:
    virtual ~TableSource() = default;
    /// Reads up to into.size() bytes at `offset`; returns how many (less at the end of the file), or a negative errno.
    virtual std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept = 0;
};

inline constexpr std::uint64_t max_table_bytes = 16ull << 30;
inline constexpr std::uint32_t max_sites = 1u << 20;

/// The header's facts.
struct TableFacts {
    std::uint32_t pid = 0; ///< in its own pid namespace
    std::uint64_t pid_namespace = 0;
    std::uint64_t start_time_ticks = 0;
    std::string boot_id;
    std::uint32_t uid = 0;
    std::string name;
    std::uint64_t cap_bytes = 0;
    std::uint64_t table_bytes = 0; ///< sum of header and segments
    std::uint64_t started_at_ns = 0;
    std::uint64_t started_at_realtime_ns = 0;
    std::uint64_t seen_alive_ns = 0;
    std::uint32_t agent_tid = 0;
    std::uint64_t dropped_jobs = 0;
    std::uint64_t dropped_sites = 0;
    std::uint64_t dropped_births = 0;
    std::uint64_t wait_objects = 0;    ///< ever registered
    std::vector<HistoryEntry> history; ///< oldest first
};

enum class TableErrorCode { unreadable, not_a_table, unsupported_version, damaged };
struct TableError {
    TableErrorCode code = TableErrorCode::unreadable;
    std::string sentence; ///< what is wrong, to follow "table PATH: "
};

/// What a pass over the table gave besides the tasks.
struct TableTotals {
    std::uint64_t jobs_started = 0; ///< births over all sites and threads
    std::uint64_t jobs_ended = 0;
    std::uint64_t unreadable =
        0;                     ///< records that changed at each of eight looks, or whose writer was killed in an update
    std::uint64_t damaged = 0; ///< records whose content cannot be (unknown type, site out of range), and labels
};

/// What a pass over the births gave besides them.
struct BirthTotals {
    bool watched = false;         ///< the process keeps births
    std::uint64_t unreadable = 0; ///< records that changed at each look, or whose writer was killed in an update
    std::uint64_t damaged = 0;    ///< records whose content cannot be
};

/// The birth of a thread.
struct ThreadBirth {
    std::uint32_t tid = 0;
    std::uint32_t creator_tid = 0;
    std::uint64_t born_ns = 0;            ///< CLOCK_MONOTONIC
    std::span<const std::uint64_t> pcs{}; ///< return addresses, innermost first; valid during the call
};

/// Something that tasks wait on, which the process has registered.
struct WaitObject {
    std::uint64_t address = 0;
    std::uint64_t handles = 0;          ///< whose holders can end a wait on it
    std::uint64_t handles_ended_ns = 0; ///< CLOCK_MONOTONIC, when there were none any more; 0: there are, or never were
};

class TableReader {
public:
    /// Reads the header and the directory. `source` must outlive the reader.
    static Result<TableReader, TableError> open(const TableSource& source);

    /// The same in memory of the caller's, memory_bytes of it aligned to 64, which must outlive the reader and its
    /// copies: takes nothing from the heap, ever. Facts that are texts, and the history, stay empty. Nothing: the
    /// table cannot be read.
    static std::optional<TableReader> open_in(const TableSource& source, std::span<char> memory) noexcept;
    static constexpr std::size_t memory_bytes = 352 * 1024;

    const TableFacts& facts() const noexcept { return facts_; }

    /// Reads header, history and directory again: the table of a living process grows. Does not allocate once the
    /// reader exists (history has its room). False: the table became unreadable; the old facts stay.
    bool refresh() noexcept;

    /// The number of sites that can be asked for: ids 1 ... site_count().
    std::uint32_t site_count() const noexcept { return site_count_; }

    /// The site with this id, its texts in the reader's buffer until the next call; nothing where it is not written
    /// yet or damaged.
    std::optional<Site> site(std::uint32_t id) noexcept;

    /// Calls visit(const Task&) for every task in the table: each job, and each thread that carries a job, waits in a
    /// tasks::Wait or has a label (kind job or thread). A job's handle that a thread carries is one task, with the
    /// handle's id. In the order of the records. The label's text is valid during the call. `visit` returns false to
    /// stop.
    template <class Visit> TableTotals each_task(Visit&& visit) noexcept { return each_task_from(0, visit); }

    /// The same from that record number on (the low half of a task's id), so that an answer in parts need not look at
    /// the table's beginning for every part. The totals are of the records that were looked at.
    template <class Visit> TableTotals each_task_from(std::uint64_t first_record, Visit&& visit) noexcept {
        return walk(
            [](void* to, const Task& task) { return (*static_cast<std::remove_reference_t<Visit>*>(to))(task); },
            const_cast<void*>(static_cast<const void*>(&visit)), first_record);
    }

    /// Calls visit(SiteCounts) for every count of births and deaths that the table holds: several for a site, one for
    /// each thread that began or ended something there, to be added up. Calls nothing for one that was never used.
    template <class Visit> void each_count(Visit&& visit) noexcept {
        walk_counts(
            [](void* to, const SiteCounts& counts) { (*static_cast<std::remove_reference_t<Visit>*>(to))(counts); },
            const_cast<void*>(static_cast<const void*>(&visit)));
    }

    /// Calls visit(const ThreadBirth&) for every thread whose birth the table tells and that runs or ran. `visit`
    /// returns false to stop.
    template <class Visit> BirthTotals each_birth(Visit&& visit) noexcept {
        return walk_births(
            [](void* to, const ThreadBirth& birth) {
                return (*static_cast<std::remove_reference_t<Visit>*>(to))(birth);
            },
            const_cast<void*>(static_cast<const void*>(&visit)));
    }

    /// Calls visit(const WaitObject&) for every wait object of the table. One that is changed all the while is left
    /// out.
    template <class Visit> void each_wait_object(Visit&& visit) noexcept {
        walk_wait_objects(
            [](void* to, const WaitObject& object) { (*static_cast<std::remove_reference_t<Visit>*>(to))(object); },
            const_cast<void*>(static_cast<const void*>(&visit)));
    }

    /// An upper limit of the tasks that each_task will visit: for reserving room.
    std::uint64_t record_count() const noexcept { return record_count_; }

private:
    using Visitor = bool (*)(void*, const Task&);
    using BirthVisitor = bool (*)(void*, const ThreadBirth&);
    using CountVisitor = void (*)(void*, const SiteCounts&);
    using WaitObjectVisitor = void (*)(void*, const WaitObject&);
    void walk_counts(CountVisitor visitor, void* to) noexcept;
    void walk_wait_objects(WaitObjectVisitor visitor, void* to) noexcept;
    BirthTotals walk_births(BirthVisitor visitor, void* to) noexcept;
    TableTotals walk(Visitor visitor, void* to, std::uint64_t first_record) noexcept;
    void take_header() noexcept;
    struct State; // buffers and the checked directory

    TableReader() = default;
    TableFacts facts_;
    bool texts_ = true; // are taken
    std::uint32_t site_count_ = 0;
    std::uint64_t record_count_ = 0;
    std::shared_ptr<State> state_;
};

} // namespace tasks::protocol
