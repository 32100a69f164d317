#include "table_header.hpp"

#include <algorithm>
#include <string_view>
#include <system_error>

namespace tasks::protocol {

namespace {

constexpr std::uint64_t page_bytes = 4096;

// Sizes must be whole records or sites. 0: the kind is not known to this version, and is passed over.
std::uint64_t element_bytes(std::uint32_t kind) noexcept {
    switch (static_cast<SegmentKind>(kind)) {
    case SegmentKind::records:
    case SegmentKind::births:
        return record_bytes;
    case SegmentKind::sites:
        return sizeof(SiteRecord);
    case SegmentKind::text:
        return 1;
    case SegmentKind::none:
        break;
    }
    return 0;
}

HeaderFault check_segment(const Segment& segment, std::uint64_t end_before) noexcept {
    if (segment.kind == static_cast<std::uint32_t>(SegmentKind::none))
        return HeaderFault::segment_of_no_kind;
    if (segment.offset % page_bytes != 0 || segment.offset < end_before || segment.offset > max_table_bytes)
        return HeaderFault::segment_misplaced;
    const auto element = element_bytes(segment.kind);
    if (segment.bytes == 0 || segment.bytes > max_table_bytes - segment.offset ||
        (element != 0 && segment.bytes % element != 0))
        return HeaderFault::segment_of_odd_size;
    return HeaderFault::none;
}

void add_segment(const Segment& segment, Directory& directory) noexcept {
    directory.segments[directory.count++] = segment;
    directory.bytes += segment.bytes;
    if (segment.kind == static_cast<std::uint32_t>(SegmentKind::records))
        directory.records += segment.bytes / record_bytes;
    if (segment.kind == static_cast<std::uint32_t>(SegmentKind::sites))
        directory.sites = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(max_sites, directory.sites + segment.bytes / sizeof(SiteRecord)));
}

template <std::size_t N> std::string_view padded_text(const std::array<char, N>& text) noexcept {
    return std::string_view{text.data(), N}.substr(0, std::string_view{text.data(), N}.find('\0'));
}

bool same(const HistoryEntry& a, const HistoryEntry& b) noexcept {
    return a.at_ns == b.at_ns && a.tasks == b.tasks && a.jobs_started == b.jobs_started && a.jobs_ended == b.jobs_ended;
}

} // namespace

std::int64_t read_whole(const TableSource& source, std::uint64_t offset, std::span<char> into) noexcept {
    std::size_t filled = 0;
    while (filled < into.size()) {
        const auto got = source.read_at(offset + filled, into.subspan(filled));
        if (got < 0)
            return got;
        if (got == 0)
            break;
        filled += std::min(static_cast<std::size_t>(got), into.size() - filled);
    }
    return static_cast<std::int64_t>(filled);
}

HeaderCheck HeaderReader::read(const TableSource& source) noexcept {
    if (const auto check = read_twice(source); check.fault != HeaderFault::none)
        return check;
    if (header_.version != table_version)
        return {HeaderFault::other_version, header_.version};
    if (header_.record_size != record_bytes)
        return {HeaderFault::other_record_size, header_.record_size};
    if (const auto check = check_directory(); check.fault != HeaderFault::none)
        return check;
    const auto& last = directory_.segments[directory_.count - (directory_.count == 0 ? 0 : 1)];
    const auto end = directory_.count == 0 ? table_header_bytes : last.offset + last.bytes;
    char last_byte = 0;
    const auto got = source.read_at(end - 1, {&last_byte, 1});
    if (got < 0)
        return {HeaderFault::read_error, static_cast<std::uint64_t>(-got)};
    return got == 1 ? HeaderCheck{} : HeaderCheck{HeaderFault::beyond_the_end, end};
}

HeaderCheck HeaderReader::read_twice(const TableSource& source) noexcept {
    for (auto* header : {&first_, &header_}) {
        const auto got = read_whole(source, 0, bytes_of(*header));
        if (got < 0)
            return {HeaderFault::read_error, static_cast<std::uint64_t>(-got)};
        if (got < static_cast<std::int64_t>(table_magic.size()) || header->magic != table_magic)
            return {HeaderFault::no_magic, 0};
        if (got < static_cast<std::int64_t>(sizeof *header))
            return {HeaderFault::too_short, static_cast<std::uint64_t>(got)};
    }
    header_.segment_count = first_.segment_count;
    for (std::size_t i = 0; i < history_entries; ++i)
        if (!same(header_.history[i], first_.history[i]))
            header_.history[i] = HistoryEntry{};
    return {};
}

HeaderCheck HeaderReader::check_directory() noexcept {
    if (header_.segment_count > max_segments)
        return {HeaderFault::too_many_segments, header_.segment_count};
    Directory found{.bytes = table_header_bytes};
    std::uint64_t end = table_header_bytes;
    for (std::uint32_t i = 0; i < header_.segment_count; ++i) {
        const auto& segment = header_.segments[i];
        if (const auto fault = check_segment(segment, end); fault != HeaderFault::none)
            return {fault, i};
        add_segment(segment, found);
        end = segment.offset + segment.bytes;
    }
    directory_ = found;
    return {};
}

TableError explain(const HeaderCheck& check) {
    const auto number = std::to_string(check.number);
    const auto damaged = [](std::string sentence) { return TableError{TableErrorCode::damaged, std::move(sentence)}; };
    switch (check.fault) {
    case HeaderFault::none:
        break;
    case HeaderFault::read_error:
        return {TableErrorCode::unreadable,
                "cannot be read: " + std::generic_category().message(static_cast<int>(check.number))};
    case HeaderFault::no_magic:
        return {TableErrorCode::not_a_table, "is no task table (it does not begin with \"TSKTABL1\")"};
    case HeaderFault::other_version:
        return {TableErrorCode::unsupported_version,
                "has version " + number + ", this program reads version " + std::to_string(table_version) +
                    "; use the tasks command of the same release as the agent in the process"};
    case HeaderFault::too_short:
        return damaged("is cut short: only " + number + " bytes of its header are there");
    case HeaderFault::other_record_size:
        return damaged("is damaged: it gives a record " + number + " bytes, not " + std::to_string(record_bytes));
    case HeaderFault::too_many_segments:
        return damaged("is damaged: its directory counts " + number + " segments, at most " +
                       std::to_string(max_segments) + " are possible");
    case HeaderFault::segment_of_no_kind:
        return damaged("is damaged: segment " + number + " is counted but empty");
    case HeaderFault::segment_misplaced:
        return damaged("is damaged: segment " + number + " does not lie behind the one before it");
    case HeaderFault::segment_of_odd_size:
        return damaged("is damaged: segment " + number + " has a size that cannot be");
    case HeaderFault::beyond_the_end:
        return damaged("is cut short: its segments end at byte " + number + ", the file ends before");
    }
    return damaged("is damaged");
}

void take_numbers(const TableHeader& header, const Directory& directory, TableFacts& facts) noexcept {
    facts.pid = header.pid;
    facts.pid_namespace = header.pid_namespace;
    facts.start_time_ticks = header.start_time_ticks;
    facts.uid = header.uid;
    facts.cap_bytes = header.cap_bytes;
    facts.table_bytes = directory.bytes;
    facts.started_at_ns = header.started_at_ns;
    facts.started_at_realtime_ns = header.started_at_realtime_ns;
    facts.seen_alive_ns = header.seen_alive_ns;
    facts.agent_tid = header.agent_tid;
    facts.dropped_jobs = header.dropped_jobs;
    facts.dropped_sites = header.dropped_sites;
    facts.dropped_births = header.dropped_births;
    facts.wait_objects = header.wait_objects;
}

void take_texts(const TableHeader& header, TableFacts& facts) {
    facts.boot_id.assign(padded_text(header.boot_id));
    facts.name.assign(padded_text(header.name));
    facts.history.clear();
    for (const auto& entry : header.history)
        if (entry.at_ns != 0)
            facts.history.push_back(entry);
    // The ring's own order is not relied on: its index may be older than its newest entry.
    std::sort(facts.history.begin(), facts.history.end(),
              [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
}

} // namespace tasks::protocol
