// The task table: the file that outlives its process. TABLE.md says the same for readers in other languages.
//
//     offset 0      Header       4,096 bytes, with the segment directory and the ring of history
//     then          segments     each of one kind: records or births of 128 bytes, sites of 64 bytes, or text
//
// All numbers little-endian, natural alignment, in the writer's own memory order: the structs below *are* the
// format (static_assert holds every offset). Only the owning process writes. Readers pread() and never map it.
// A record is accepted when two whole reads agree and its sequence is even (odd = being written).
// Rejected: one file a segment (fds in the host), bip::managed_mapped_file (hangs or throws after a kill inside an
// update), a lock in the file (fcntl locks drop when the owner closes the same file anywhere; flock outlives fork).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tasks::protocol {

inline constexpr std::array<char, 8> table_magic{'T', 'S', 'K', 'T', 'A', 'B', 'L', '1'};
inline constexpr std::uint32_t table_version = 1;
inline constexpr std::size_t table_header_bytes = 4096;
inline constexpr std::size_t record_bytes = 128;
inline constexpr std::size_t max_segments = 48;
inline constexpr std::size_t history_entries = 64;
inline constexpr std::size_t scopes_per_thread = 8;
inline constexpr std::size_t counts_per_record = 4;
inline constexpr std::size_t birth_pcs = 12;

enum class SegmentKind : std::uint32_t { none = 0, records = 1, sites = 2, text = 3, births = 4 };

/// One entry of the directory. `bytes` is set before header.segment_count counts it, and never changes after.
struct Segment {
    std::uint32_t kind = 0;
    std::uint32_t reserved = 0;
    std::uint64_t offset = 0; ///< in the file, a multiple of 4,096
    std::uint64_t bytes = 0;
};
static_assert(sizeof(Segment) == 24);

/// One look at the counts, at most every 10 s while jobs live.
struct HistoryEntry {
    std::uint64_t at_ns = 0; ///< CLOCK_MONOTONIC; 0: empty
    std::uint32_t tasks = 0;
    std::uint32_t reserved = 0;
    std::uint64_t jobs_started = 0;
    std::uint64_t jobs_ended = 0;
};
static_assert(sizeof(HistoryEntry) == 32);

struct TableHeader {
    std::array<char, 8> magic{};
    std::uint32_t version = 0;
    std::uint32_t record_size = 0;
    std::uint32_t segment_count = 0; ///< stored last (release) when one is added
    std::uint32_t pid = 0;           ///< in its own pid namespace
    std::uint64_t pid_namespace = 0; ///< inode
    std::uint64_t start_time_ticks = 0;
    std::array<char, 36> boot_id{}; ///< text of /proc/sys/kernel/random/boot_id
    std::uint32_t uid = 0;
    std::array<char, 64> name{}; ///< what the host calls itself, zero-padded
    std::uint64_t cap_bytes = 0;
    std::uint64_t started_at_ns = 0; ///< of the agent, CLOCK_MONOTONIC
    std::uint64_t started_at_realtime_ns = 0;
    std::uint32_t history_next = 0; ///< index of the entry written next (count modulo history_entries)
    std::uint32_t agent_tid = 0;
    std::uint64_t dropped_jobs = 0;   ///< no room for a record
    std::uint64_t dropped_sites = 0;  ///< jobs and waits shown without their site
    std::uint64_t seen_alive_ns = 0;  ///< last time that the agent's thread wrote here, CLOCK_MONOTONIC
    std::uint64_t dropped_births = 0; ///< threads that found no room for the record of their birth
    std::uint64_t wait_objects = 0;   ///< that were ever registered: where there are none, none need be looked for
    std::array<std::uint64_t, 6> reserved{};
    std::array<HistoryEntry, history_entries> history{};
    std::array<Segment, max_segments> segments{};
};
static_assert(offsetof(TableHeader, history) == 264);
static_assert(offsetof(TableHeader, segments) == 264 + 32 * history_entries);
static_assert(sizeof(TableHeader) <= table_header_bytes);

enum class RecordType : std::uint8_t { free = 0, thread = 1, job = 2, counts = 3, coroutine = 4, wait_object = 5 };

/// The head of each record. A task's id is `generation << 32 | record number`, where the record number is the
/// record's offset in the file / 128.
struct RecordHead {
    std::uint32_t sequence = 0;   ///< odd while it is written
    std::uint32_t generation = 0; ///< of the task in it; differs each time that the record is used anew
    std::uint8_t type = 0;
    std::uint8_t state = 0;
    std::uint8_t wait_reason = 0;
    std::uint8_t reserved = 0;
    std::uint32_t tid = 0;         ///< thread: its id. job: the thread that carries it, 0 none
    std::uint64_t wait_object = 0; ///< an address
    std::uint64_t wait_since_ns = 0;
    std::uint64_t started_ns = 0; ///< thread: of its outermost job
    std::uint32_t wait_site = 0;
    std::uint32_t depth = 0; ///< thread: nested jobs now, also those that `scopes` has no room for. job: 1
};
static_assert(sizeof(RecordHead) == 48);

/// What the task works for, in the host's terms.
struct LabelField {
    std::array<std::uint64_t, 4> text{}; ///< 32 bytes: up to 31 of text, then zeros; the last byte 1: it was cut
    std::uint32_t key = 0;               ///< site whose name is the key; 0: no label
    std::uint32_t scope = 0;             ///< the leak check in whose scope the task started; 0: none
};
static_assert(sizeof(LabelField) == 40);
static_assert(offsetof(LabelField, scope) == offsetof(LabelField, key) + 4); // both are handed on in one store

/// A thread that used the agent, or a job: sites of the scopes, outermost first (a job has one).
/// A job that a thread carries (JobHandle::run()) is in two records at a time, each of which names the other; it is one
/// task, told where the job's record stands. `carries` and head.tid of the job are words that are stored one by one,
/// outside the sequence: the job's first when the thread takes it, the thread's first when it lets go. Only where both
/// agree does the thread carry the job, so that a process killed in between leaves it once.
struct TaskRecord {
    RecordHead head;
    std::array<std::uint32_t, scopes_per_thread> scopes{};
    LabelField label;
    /// Thread: the id of the job that is its outermost scope, 0 none; that is then the task's id.
    /// Job, while head.tid is not 0: index of its scope << 32 | record number of that thread; 0 none.
    std::uint64_t carries = 0;
};
static_assert(sizeof(TaskRecord) == record_bytes);
static_assert(offsetof(TaskRecord, label) == 80);

/// A coroutine or a fiber, or a job that is kept like one: head.depth is 0, head.tid the thread that runs it, 0 none.
/// Of one that waits head.state is waiting; of one that has not started runnable, with the wait reason not_started.
struct CoroutineRecord {
    RecordHead head;
    std::uint32_t site = 0;   ///< what it is called, and where it was created; 0: not known
    std::uint8_t kind = 0;    ///< Kind
    std::uint8_t awaited = 0; ///< 1: the task `parent` awaits it, in whose logical stack it is a frame; no task itself
    std::uint16_t reserved = 0;
    std::uint64_t frame = 0;      ///< its address: std::coroutine_handle<>::address(); 0: not known
    std::uint64_t parent = 0;     ///< id of the task that awaits it, or else that started it; 0: none, or not known
    std::uint64_t creator_pc = 0; ///< return address in whoever called the coroutine function; 0: not known
    LabelField label;
    std::uint64_t created_in_pc = 0; ///< return address in what registered it, the coroutine function; 0: not known
};
static_assert(sizeof(CoroutineRecord) == record_bytes);
static_assert(offsetof(CoroutineRecord, frame) == 56);
static_assert(offsetof(CoroutineRecord, label) == offsetof(TaskRecord, label));
static_assert(offsetof(CoroutineRecord, created_in_pc) == 120);

/// Something that tasks wait on, and that only those with a handle can end: a channel, and its senders. No task.
/// The two last words change outside the sequence; `handles` first.
struct WaitObjectRecord {
    RecordHead head; ///< wait_object is its address, wait_site its name and where it was made, started_ns when
    std::uint64_t handles = 0;          ///< that are left
    std::uint64_t handles_ended_ns = 0; ///< when the last one ended; 0: none has
    std::array<std::uint64_t, 8> reserved{};
};
static_assert(sizeof(WaitObjectRecord) == record_bytes);

/// Births and deaths of one creation site, counted by one thread without contention.
struct SiteCounts {
    std::uint32_t site = 0; ///< 0: unused
    std::uint32_t reserved = 0;
    std::uint64_t births = 0;
    std::uint64_t deaths = 0;
};
static_assert(sizeof(SiteCounts) == 24);

/// Two such records follow each thread's record; they stay when the thread ends, and the next one goes on counting in
/// them. Fields change one by one (no sequence); each is one aligned word.
struct CountsRecord {
    std::uint32_t sequence = 0; ///< always even
    std::uint32_t generation = 0;
    std::uint8_t type = 0;
    std::array<std::uint8_t, 7> reserved{};
    std::array<SiteCounts, counts_per_record> counts{};
    std::array<std::uint64_t, 2> reserved2{};
};
static_assert(sizeof(CountsRecord) == record_bytes);

/// Who made a thread, where and when. Only where pthread_create() is watched (`tasks run`), in segments of their own,
/// which readers that do not know them pass over: such a record makes no task, the thread is one already.
struct BirthRecord {
    std::uint32_t sequence = 0; ///< odd while it is written
    std::uint32_t generation = 0;
    std::uint8_t living = 0;   ///< 0: free, 1: of a thread
    std::uint8_t pc_count = 0; ///< how many of `pcs` count
    std::uint16_t reserved = 0;
    std::uint32_t tid = 0;         ///< 0: it is about to run
    std::uint64_t born_ns = 0;     ///< CLOCK_MONOTONIC
    std::uint32_t creator_tid = 0; ///< by which thread
    std::uint32_t scope = 0;       ///< as LabelField::scope
    std::array<std::uint64_t, birth_pcs>
        pcs{}; ///< return addresses, innermost first, from the caller of pthread_create
};
static_assert(sizeof(BirthRecord) == record_bytes);
static_assert(offsetof(BirthRecord, pcs) == 32);

/// An interned site. A site's number counts from 1 over the site segments in the order of the directory.
/// Written once; `ready` is stored last. Offsets are into the file, lengths in bytes, texts without a final 0.
struct SiteRecord {
    std::uint32_t ready = 0;
    std::uint32_t line = 0;
    std::uint64_t text_offset = 0; ///< name, then function, then file, one after the other
    std::uint16_t name_bytes = 0;
    std::uint16_t function_bytes = 0;
    std::uint16_t file_bytes = 0;
    std::uint16_t reserved = 0;
    std::uint64_t births = 0; ///< of threads whose own counts had no room
    std::uint64_t deaths = 0;
    std::array<std::uint64_t, 3> reserved2{};
};
static_assert(sizeof(SiteRecord) == 64);

} // namespace tasks::protocol
