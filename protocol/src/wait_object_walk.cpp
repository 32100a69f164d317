// The wait objects in a table: a pass over its records, where the header says that there ever were any.
#include <algorithm>
#include <cstring>

#include <tasks/protocol/table_reader.hpp>

#include "table_state.hpp"

namespace tasks::protocol {

namespace {

constexpr int looks = 8;

bool is_wait_object(const char* bytes) noexcept {
    return bytes[offsetof(RecordHead, type)] == static_cast<char>(RecordType::wait_object);
}

// Looks at a record until two looks agree. False: it is another's by now, or never settles.
bool settle(const TableSource& source, std::uint64_t offset, WaitObjectRecord& record) noexcept {
    for (int look = 0; look < looks; ++look) {
        const WaitObjectRecord before = record;
        if (read_whole(source, offset, bytes_of(record)) != static_cast<std::int64_t>(sizeof record))
            return false;
        if (std::memcmp(&before, &record, sizeof record) == 0 && record.head.sequence % 2 == 0)
            return is_wait_object(bytes_of(record).data());
    }
    return false;
}

} // namespace

void TableReader::walk_wait_objects(WaitObjectVisitor visitor, void* to) noexcept {
    auto& state = *state_;
    if (facts_.wait_objects == 0)
        return;
    const auto& directory = state.header.directory();
    for (std::uint32_t i = 0; i < directory.count; ++i) {
        const auto& segment = directory.segments[i];
        const auto end = segment.kind == static_cast<std::uint32_t>(SegmentKind::records) ? segment.bytes : 0;
        for (std::uint64_t done = 0; done < end;) {
            auto* chunk = reinterpret_cast<char*>(state.first().data());
            const auto bytes =
                static_cast<std::size_t>(std::min<std::uint64_t>(state.first().size_bytes(), end - done));
            if (read_whole(state.source, segment.offset + done, {chunk, bytes}) != static_cast<std::int64_t>(bytes))
                return; // the file was cut: what it said of tasks tells that
            for (std::size_t at = 0; at < bytes; at += record_bytes) {
                WaitObjectRecord record;
                std::memcpy(&record, chunk + at, sizeof record);
                if (is_wait_object(chunk + at) && settle(state.source, segment.offset + done + at, record))
                    visitor(to, {record.head.wait_object, record.handles,
                                 record.handles == 0 ? record.handles_ended_ns : 0});
            }
            done += bytes;
        }
    }
}

} // namespace tasks::protocol
