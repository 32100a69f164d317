#include "table_walk.hpp"

#include <algorithm>
#include <cstring>

#include "record_content.hpp"
#include "table_state.hpp"

namespace tasks::protocol {

namespace {

constexpr int looks = 8;
// More than a thread can begin: the number is no count of anything.
constexpr std::uint64_t births_limit = 1ull << 56;

// Leaves of a segment of records what begins at that record number.
void cut_before(std::uint64_t first_record, Segment& segment) noexcept {
    const auto begins = segment.offset / record_bytes;
    const auto before = std::min(first_record > begins ? first_record - begins : 0, segment.bytes / record_bytes);
    segment.offset += before * record_bytes;
    segment.bytes -= before * record_bytes;
}

bool is_free(const TaskRecord& record) noexcept { return is(record, RecordType::free) && is_even(record); }

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
        const auto look = [&](std::span<TaskRecord> chunk) {
            return read_whole(source_, offset, {reinterpret_cast<char*>(chunk.data()), bytes}) ==
                   static_cast<std::int64_t>(bytes);
        };
        const bool readable = look(first);
        if (readable && std::all_of(first.data(), first.data() + bytes / record_bytes, is_free)) {
            offset += bytes; // most of a table that grows ahead of need; nothing to be torn
            continue;
        }
        if (!readable || !look(second)) {
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
    TaskRecord record = last;
    if (!settle(number, record, 2)) {
        ++totals_.unreadable;
        return true;
    }
    if (!is(record, RecordType::counts))
        return accept(number, record);
    add_counts(record);
    return true;
}

// Looks at a record until two looks agree; `record` holds the last one of those that were taken.
bool TableWalk::settle(std::uint64_t number, TaskRecord& record, int looks_taken) noexcept {
    for (int look = looks_taken; look < looks; ++look) {
        const TaskRecord before = record;
        if (read_whole(source_, number * record_bytes, bytes_of(record)) != std::int64_t{record_bytes})
            return false;
        if (look > 0 && same(before, record) && is_even(record))
            return true;
    }
    return false;
}

// Another record, that one refers to. False: it lies in no segment of records, or does not settle.
bool TableWalk::look_at(std::uint64_t number, TaskRecord& record) noexcept {
    const auto& directory = header_.directory();
    const auto* end = directory.segments.data() + directory.count;
    const auto offset = number * record_bytes;
    const bool there = std::any_of(directory.segments.data(), end, [&](const Segment& segment) {
        return segment.kind == static_cast<std::uint32_t>(SegmentKind::records) && offset >= segment.offset &&
               offset - segment.offset < segment.bytes;
    });
    return there && settle(number, record, 0);
}

bool TableWalk::accept(std::uint64_t number, const TaskRecord& record) noexcept {
    if (record.carries != 0 && is(record, RecordType::thread) && record.head.depth > 0)
        return accept_carrier(number, record);
    if (record.carries != 0 && is(record, RecordType::job) && record.head.tid != 0)
        return accept_carried(number, record);
    return tell(number, record);
}

// A thread that says that it carries a job: told with the job's record, where that agrees. Where it does not, the
// thread has let go of it meanwhile, which shows in the thread's record; or the job has ended and the thread's scope
// goes on, which is a task of its own.
bool TableWalk::accept_carrier(std::uint64_t number, TaskRecord thread) noexcept {
    for (int look = 0; look < looks; ++look) {
        TaskRecord job;
        const bool agrees = look_at(record_of(thread.carries), job) && is_outermost(job) &&
                            record_of(job.carries) == number && carries(thread, job, thread.carries);
        if (agrees)
            return true;
        TaskRecord again;
        if (!look_at(number, again))
            break;
        const bool settled = same(thread, again);
        thread = again;
        if (settled || thread.carries == 0 || !is(thread, RecordType::thread) || thread.head.depth == 0)
            return tell(number, thread);
    }
    ++totals_.unreadable;
    return true;
}

// A job that says that a thread carries it: the thread tells the rest, where its record agrees.
bool TableWalk::accept_carried(std::uint64_t number, const TaskRecord& job) noexcept {
    TaskRecord thread;
    if (!look_at(record_of(job.carries), thread) || !carries(thread, job, id_of(number, job))) {
        auto alone = job;
        alone.head.tid = 0;
        return tell(number, alone);
    }
    return is_outermost(job) ? tell(number, joined(thread, job)) : true; // else it is part of the thread's task
}

bool TableWalk::tell(std::uint64_t number, const TaskRecord& record) noexcept {
    if (is(record, RecordType::free))
        return true;
    Task task;
    const auto content = content_of(record, task);
    if (content == Content::nothing)
        return true;
    if (content == Content::damaged || !are_sites(task)) {
        ++totals_.damaged;
        return true;
    }
    if (!is_site(record.label.key) || !take_label(record.label, task))
        ++totals_.damaged;
    task.id = id_of(number, record);
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
