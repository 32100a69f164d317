#include "table_walk.hpp"

#include <algorithm>
#include <cstring>

#include "table_state.hpp"

namespace tasks::protocol {

namespace {

constexpr int looks = 8;
// More than a thread can nest or begin: the number is no count of anything.
constexpr std::uint32_t depth_limit = 1u << 24;
constexpr std::uint64_t births_limit = 1ull << 56;

bool same(const TaskRecord& a, const TaskRecord& b) noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }
bool is_even(const TaskRecord& record) noexcept { return record.head.sequence % 2 == 0; }
bool is(const TaskRecord& record, RecordType type) noexcept {
    return record.head.type == static_cast<std::uint8_t>(type);
}

void take_wait(const RecordHead& head, Task& task) noexcept {
    task.wait_reason = wait_reason_from(head.wait_reason);
    if (task.wait_reason == WaitReason::none)
        return;
    task.state = State::waiting;
    task.wait_site = head.wait_site;
    task.wait_object = head.wait_object;
    if (head.wait_since_ns != 0)
        task.since_ns = head.wait_since_ns;
}

// The state of a job that does not wait: a thread that carries one runs it; of queued work only the table may know.
State state_of(const RecordHead& head) noexcept {
    if (head.type == static_cast<std::uint8_t>(RecordType::thread))
        return State::running;
    if (const auto state = state_from(head.state); state != State::unknown)
        return state;
    return head.tid != 0 ? State::running : State::unknown;
}

void take_job(const TaskRecord& record, Task& task) noexcept {
    task.kind = Kind::job;
    task.state = state_of(record.head);
    task.scope_count = static_cast<std::uint8_t>(std::min<std::uint32_t>(record.head.depth, scopes_per_thread));
    task.scopes_left_out = record.head.depth - task.scope_count;
    std::copy_n(record.scopes.begin(), task.scope_count, task.scopes.begin());
    task.started_ns = record.head.started_ns;
    task.since_ns = record.head.started_ns;
}

// Leaves of a segment of records what begins at that record number.
void cut_before(std::uint64_t first_record, Segment& segment) noexcept {
    const auto begins = segment.offset / record_bytes;
    const auto before = std::min(first_record > begins ? first_record - begins : 0, segment.bytes / record_bytes);
    segment.offset += before * record_bytes;
    segment.bytes -= before * record_bytes;
}

enum class Content { task, nothing, damaged };

Content content_of(const TaskRecord& record, Task& task) noexcept {
    const auto& head = record.head;
    if (is(record, RecordType::free))
        return Content::nothing;
    if (is(record, RecordType::thread)) {
        const bool waits = wait_reason_from(head.wait_reason) != WaitReason::none;
        if (head.depth == 0 && !waits)
            return Content::nothing;
        if (head.tid == 0 || head.depth > depth_limit)
            return Content::damaged;
    } else if (!is(record, RecordType::job) || head.depth != 1) {
        return Content::damaged;
    }
    if (head.depth > 0)
        take_job(record, task);
    else
        task.kind = Kind::thread;
    take_wait(head, task);
    task.tid = head.tid;
    return Content::task;
}

} // namespace

TableTotals TableReader::walk(Visitor visitor, void* to, std::uint64_t first_record) noexcept {
    auto& state = *state_;
    TableWalk walk{state.source, state.header, visitor, to};
    const auto directory = state.header.directory(); // a copy: the walk may read the directory again
    std::uint64_t sites_left = directory.sites;
    for (std::uint32_t i = 0; i < directory.count; ++i) {
        auto segment = directory.segments[i];
        if (segment.kind == static_cast<std::uint32_t>(SegmentKind::sites)) {
            const auto count = std::min(sites_left, segment.bytes / sizeof(SiteRecord));
            walk.sites(segment, count, state.first());
            sites_left -= count;
        }
        if (segment.kind != static_cast<std::uint32_t>(SegmentKind::records))
            continue;
        cut_before(first_record, segment);
        if (!walk.records(segment, state.first(), state.second()))
            break;
    }
    return walk.totals();
}

bool TableWalk::records(const Segment& segment, std::span<TaskRecord> first, std::span<TaskRecord> second) noexcept {
    const auto end = segment.offset + segment.bytes;
    for (auto offset = segment.offset; offset < end;) {
        const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(first.size_bytes(), end - offset));
        for (const auto& chunk : {first, second})
            if (read_whole(source_, offset, {reinterpret_cast<char*>(chunk.data()), bytes}) !=
                static_cast<std::int64_t>(bytes)) {
                totals_.unreadable += (end - offset) / record_bytes; // the file was cut while it was read
                return true;
            }
        const bool all_alike = std::memcmp(first.data(), second.data(), bytes) == 0;
        for (std::size_t i = 0; i < bytes / record_bytes; ++i)
            if (!take(offset / record_bytes + i, first[i], second[i], all_alike || same(first[i], second[i])))
                return false;
        offset += bytes;
    }
    return true;
}

bool TableWalk::take(std::uint64_t number, const TaskRecord& first, const TaskRecord& second, bool alike) noexcept {
    if (is(first, RecordType::counts) && is(second, RecordType::counts)) {
        add_counts(second);
        return true;
    }
    if (alike && is_even(second))
        return accept(number, second);
    return look_again(number, second);
}

// The looks that are left after two at the whole chunk, at this record alone.
bool TableWalk::look_again(std::uint64_t number, const TaskRecord& last) noexcept {
    TaskRecord before = last;
    TaskRecord record;
    for (int look = 2; look < looks; ++look) {
        if (read_whole(source_, number * record_bytes, bytes_of(record)) != std::int64_t{record_bytes})
            break;
        if (same(before, record) && is_even(record)) {
            if (!is(record, RecordType::counts))
                return accept(number, record);
            add_counts(record);
            return true;
        }
        before = record;
    }
    ++totals_.unreadable;
    return true;
}

bool TableWalk::accept(std::uint64_t number, const TaskRecord& record) noexcept {
    Task task;
    const auto content = content_of(record, task);
    if (content == Content::nothing)
        return true;
    if (content == Content::damaged || !are_sites(task)) {
        ++totals_.damaged;
        return true;
    }
    task.id = std::uint64_t{record.head.generation} << 32 | number;
    return visitor_(to_, task);
}

void TableWalk::add_counts(const TaskRecord& record) noexcept {
    CountsRecord counted;
    std::memcpy(bytes_of(counted).data(), &record, sizeof counted);
    bool good = true;
    for (const auto& count : counted.counts)
        if (count.site != 0)
            good = is_site(count.site) && add(count.births, count.deaths) && good;
    totals_.damaged += good ? 0 : 1;
}

void TableWalk::sites(const Segment& segment, std::uint64_t count, std::span<TaskRecord> buffer) noexcept {
    constexpr std::uint64_t chunk = chunk_records * record_bytes / sizeof(SiteRecord);
    for (std::uint64_t done = 0; done < count; done += chunk) {
        const auto sites = static_cast<std::size_t>(std::min(chunk, count - done));
        auto* bytes = reinterpret_cast<char*>(buffer.data());
        if (read_whole(source_, segment.offset + done * sizeof(SiteRecord), {bytes, sites * sizeof(SiteRecord)}) !=
            static_cast<std::int64_t>(sites * sizeof(SiteRecord))) {
            totals_.unreadable += count - done;
            return;
        }
        for (std::size_t i = 0; i < sites; ++i) {
            SiteRecord site;
            std::memcpy(bytes_of(site).data(), bytes + i * sizeof site, sizeof site);
            if (site.ready > 1 || (site.ready == 1 && !add(site.births, site.deaths)))
                ++totals_.damaged;
        }
    }
}

bool TableWalk::add(std::uint64_t births, std::uint64_t deaths) noexcept {
    if (births > births_limit || deaths > births_limit)
        return false;
    totals_.jobs_started += births;
    totals_.jobs_ended += deaths;
    return true;
}

// The table of a living process may have got more sites since its directory was read. It is read again a few times
// at most: a scribbled table must not cost a look at the directory for every record.
bool TableWalk::is_site(std::uint32_t site) noexcept {
    while (site > header_.directory().sites && directory_reads_left_ > 0) {
        --directory_reads_left_;
        if (header_.read(source_).fault != HeaderFault::none)
            directory_reads_left_ = 0;
    }
    return site <= header_.directory().sites;
}

bool TableWalk::are_sites(const Task& task) noexcept {
    return is_site(task.wait_site) && std::all_of(task.scopes.begin(), task.scopes.begin() + task.scope_count,
                                                  [&](std::uint32_t site) { return is_site(site); });
}

// A job may begin after the look at its thread's counts and end before the look at those of another thread: as the
// numbers are used, there are never more ends than beginnings.
TableTotals TableWalk::totals() const noexcept {
    auto totals = totals_;
    totals.jobs_ended = std::min(totals.jobs_ended, totals.jobs_started);
    return totals;
}

} // namespace tasks::protocol
