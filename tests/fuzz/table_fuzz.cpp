// The input changes a good table of 20 KiB, so that a short input reaches every check:
//     u16 length of the file / 8, 0: whole | u8 flags | changes: u16 offset / 2, u8 count, count bytes
// Flag 1: the last change is there at every second read only, as if a writer were at work.
#include <tasks/protocol/table_reader.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

using namespace protocol;

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t texts_offset = page;
constexpr std::uint64_t sites_offset = 2 * page;
constexpr std::uint64_t records_offset = 3 * page;
constexpr std::uint64_t file_bytes = 5 * page;

template <class Object> void place(std::string& bytes, std::uint64_t offset, const Object& object) {
    std::memcpy(bytes.data() + offset, &object, sizeof object);
}

TableHeader good_header() {
    TableHeader header;
    header.magic = table_magic;
    header.version = table_version;
    header.record_size = record_bytes;
    header.segment_count = 3;
    header.segments[0] = {static_cast<std::uint32_t>(SegmentKind::text), 0, texts_offset, page};
    header.segments[1] = {static_cast<std::uint32_t>(SegmentKind::sites), 0, sites_offset, page};
    header.segments[2] = {static_cast<std::uint32_t>(SegmentKind::records), 0, records_offset, 2 * page};
    header.wait_objects = 1;
    header.history[0] = {10, 1, 0, 1, 0};
    header.history[1] = {20, 2, 0, 5, 3};
    header.history_next = 2;
    return header;
}

TaskRecord record(RecordType type, std::uint32_t tid, std::uint32_t depth) {
    TaskRecord record;
    record.head.sequence = 2;
    record.head.generation = 1;
    record.head.type = static_cast<std::uint8_t>(type);
    record.head.wait_reason = static_cast<std::uint8_t>(WaitReason::chan_send);
    record.head.tid = tid;
    record.head.depth = depth;
    record.head.wait_site = 2;
    record.scopes[0] = 1;
    return record;
}

std::string good_table() {
    std::string bytes(file_bytes, '\0');
    place(bytes, 0, good_header());
    bytes.replace(texts_offset, 22, "charge cardsubmitp.cpp");
    SiteRecord site;
    site.ready = 1;
    site.text_offset = texts_offset;
    site.name_bytes = 11;
    site.function_bytes = 6;
    site.file_bytes = 5;
    site.births = 4;
    site.deaths = 1;
    place(bytes, sites_offset, site);
    place(bytes, sites_offset + sizeof site, site);
    place(bytes, records_offset, record(RecordType::job, 0, 1));
    place(bytes, records_offset + record_bytes, record(RecordType::thread, 7, 2));
    CountsRecord counts;
    counts.type = static_cast<std::uint8_t>(RecordType::counts);
    counts.counts[0] = {1, 0, 3, 2};
    place(bytes, records_offset + 2 * record_bytes, counts);
    WaitObjectRecord object;
    object.head = record(RecordType::wait_object, 0, 0).head;
    object.head.wait_object = 0x1000;
    object.handles_ended_ns = 30;
    place(bytes, records_offset + 3 * record_bytes, object);
    CoroutineRecord coroutine;
    coroutine.head = record(RecordType::coroutine, 0, 0).head;
    coroutine.head.state = static_cast<std::uint8_t>(State::waiting);
    coroutine.site = 1;
    coroutine.kind = static_cast<std::uint8_t>(Kind::coroutine);
    place(bytes, records_offset + 4 * record_bytes, coroutine);
    return bytes;
}

struct Change {
    std::size_t offset = 0;
    std::string bytes;
};

class FuzzedSource : public TableSource {
public:
    FuzzedSource(const std::uint8_t* data, std::size_t size) : bytes_(good_table()) {
        const auto u16 = [&](std::size_t at) { return static_cast<std::size_t>(data[at] | data[at + 1] << 8); };
        if (size < 3)
            return;
        const auto length = u16(0) * 8;
        flickers_ = (data[2] & 1) != 0;
        for (std::size_t at = 3; at + 3 <= size;) {
            const auto count = std::min<std::size_t>(data[at + 2], size - at - 3);
            apply(last_); // the one before
            last_ = {u16(at) * 2, {reinterpret_cast<const char*>(data) + at + 3, count}};
            at += 3 + count;
        }
        if (!flickers_)
            apply(last_);
        if (length != 0)
            bytes_.resize(std::min(length, bytes_.size()));
    }

    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
        if (offset >= bytes_.size())
            return 0;
        const auto count = bytes_.copy(into.data(), into.size(), offset);
        if (flickers_ && ++reads_ % 2 == 0)
            for (std::size_t i = 0; i < last_.bytes.size(); ++i)
                if (last_.offset + i >= offset && last_.offset + i < offset + count)
                    into[last_.offset + i - offset] = last_.bytes[i];
        return static_cast<std::int64_t>(count);
    }

private:
    void apply(const Change& change) {
        for (std::size_t i = 0; i < change.bytes.size() && change.offset + i < bytes_.size(); ++i)
            bytes_[change.offset + i] = change.bytes[i];
    }

    std::string bytes_;
    Change last_;
    bool flickers_ = false;
    mutable std::uint64_t reads_ = 0;
};

void check_walk(TableReader& reader) {
    std::uint64_t tasks = 0;
    const auto totals = reader.each_task([&](const Task& task) {
        ++tasks;
        must(task.kind != Kind::unknown, "a task of a table has a kind");
        must(task.scope_count <= max_scopes, "scopes keep their cap");
        must(task.kind != Kind::thread || task.scope_count == 0, "a thread without jobs has no scopes");
        must((task.id & 0xffffffff) * record_bytes < file_bytes, "a task's record lies in the file");
        return true;
    });
    must(totals.jobs_ended <= totals.jobs_started, "never more ends than beginnings");
    must(tasks <= reader.record_count(), "no record is told twice");
}

void check_wait_objects(TableReader& reader) {
    std::uint64_t objects = 0;
    reader.each_wait_object([&](const WaitObject& object) {
        ++objects;
        must(object.handles == 0 || object.handles_ended_ns == 0, "where handles are left, none was the last");
    });
    must(objects <= reader.record_count(), "no wait object is told twice");
}

void check_births(TableReader& reader) {
    const auto totals = reader.each_birth([&](const ThreadBirth& birth) {
        must(birth.tid != 0 && birth.born_ns != 0, "a birth has its thread and its time");
        must(birth.pcs.size() <= birth_pcs, "addresses keep their cap");
        return true;
    });
    must(totals.watched || totals.unreadable + totals.damaged == 0, "where births are not kept, none is damaged");
}

} // namespace

void table(const std::uint8_t* data, std::size_t size) {
    const FuzzedSource source{data, size};
    auto reader = TableReader::open(source);
    if (!reader) {
        must(!reader.error().sentence.empty(), "an error has a sentence");
        return;
    }
    must(reader->facts().table_bytes <= file_bytes, "segments lie in the file");
    must(reader->facts().history.size() <= history_entries, "history keeps its cap");
    check_walk(*reader);
    check_births(*reader);
    check_wait_objects(*reader);
    std::size_t text = 0;
    for (std::uint32_t id = 0; id <= reader->site_count() + 1; ++id)
        if (const auto site = reader->site(id))
            for (const auto view : {site->name, site->function, site->file})
                for (const char letter : view)
                    text += letter != 0 ? 1 : 0;
    must(text <= std::size_t{3} * 65535 * (reader->site_count() + 1), "texts keep their caps");
    reader->refresh();
    check_walk(*reader);
}

} // namespace tasks::fuzz
