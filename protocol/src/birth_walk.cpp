// The births in a table: a pass over the segments of their kind. A record is accepted when two looks agree.
#include <algorithm>
#include <cstring>

#include <tasks/protocol/table_reader.hpp>

#include "table_state.hpp"

namespace tasks::protocol {

namespace {

constexpr int looks = 8;

bool same(const BirthRecord& a, const BirthRecord& b) noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }
bool is_even(const BirthRecord& record) noexcept { return record.sequence % 2 == 0; }

// The looks that are left after two, at this record alone. False: it never settles.
bool settle(const TableSource& source, std::uint64_t offset, BirthRecord& record) noexcept {
    for (int look = 2; look < looks; ++look) {
        const BirthRecord before = record;
        if (read_whole(source, offset, bytes_of(record)) != static_cast<std::int64_t>(sizeof record))
            return false;
        if (same(before, record) && is_even(record))
            return true;
    }
    return false;
}

enum class Content { birth, nothing, damaged };

Content content_of(const BirthRecord& record) noexcept {
    if (record.living > 1 || record.pc_count > birth_pcs)
        return Content::damaged;
    if (record.living == 0 || record.tid == 0)
        return Content::nothing;
    return record.born_ns == 0 ? Content::damaged : Content::birth;
}

} // namespace

BirthTotals TableReader::walk_births(BirthVisitor visitor, void* to) noexcept {
    static_assert(sizeof(BirthRecord) == sizeof(TaskRecord)); // the buffers are of those
    BirthTotals totals;
    auto& state = *state_;
    const auto& directory = state.header.directory();
    const auto take = [&](std::uint64_t offset, const char* first, const char* second) {
        BirthRecord record;
        std::memcpy(&record, second, sizeof record);
        if ((std::memcmp(first, second, sizeof record) != 0 || !is_even(record)) &&
            !settle(state.source, offset, record)) {
            ++totals.unreadable;
            return true;
        }
        const auto content = content_of(record);
        totals.damaged += content == Content::damaged ? 1 : 0;
        return content != Content::birth || visitor(to, ThreadBirth{record.tid, record.creator_tid, record.born_ns,
                                                                    std::span{record.pcs}.first(record.pc_count)});
    };
    for (std::uint32_t i = 0; i < directory.count; ++i) {
        const auto& segment = directory.segments[i];
        if (segment.kind != static_cast<std::uint32_t>(SegmentKind::births))
            continue;
        totals.watched = true;
        for (std::uint64_t done = 0; done < segment.bytes;) {
            auto* first = reinterpret_cast<char*>(state.first().data());
            auto* second = reinterpret_cast<char*>(state.second().data());
            const auto bytes =
                static_cast<std::size_t>(std::min<std::uint64_t>(state.first().size_bytes(), segment.bytes - done));
            const auto offset = segment.offset + done;
            for (auto* chunk : {first, second})
                if (read_whole(state.source, offset, {chunk, bytes}) != static_cast<std::int64_t>(bytes)) {
                    totals.unreadable += (segment.bytes - done) / record_bytes; // the file was cut meanwhile
                    return totals;
                }
            for (std::size_t at = 0; at < bytes; at += record_bytes)
                if (!take(offset + at, first + at, second + at))
                    return totals;
            done += bytes;
        }
    }
    return totals;
}

} // namespace tasks::protocol
