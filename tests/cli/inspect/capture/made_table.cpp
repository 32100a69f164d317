#include "inspect/capture/made_table.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>

#include <sys/stat.h>

#include <tasks/protocol/messages.hpp>

namespace tasks::tests {
namespace {

using namespace protocol;

// Three segments of one page each, in this order after the header.
constexpr std::uint64_t page = 4096;
constexpr std::uint64_t sites_at = page;
constexpr std::uint64_t texts_at = 2 * page;
constexpr std::uint64_t records_at = 3 * page;
constexpr std::uint64_t record_pages = 16;

template <class Object> std::string bytes_of(const Object& object) {
    return {reinterpret_cast<const char*>(&object), sizeof object};
}

} // namespace

MadeTable::MadeTable(std::uint32_t pid, std::uint64_t start) {
    header.magic = table_magic;
    header.version = table_version;
    header.record_size = record_bytes;
    header.segment_count = 3;
    header.pid = pid;
    header.start_time_ticks = start;
    header.cap_bytes = 64u << 20;
    header.started_at_ns = 1'000'000'000;
    header.seen_alive_ns = 5'000'000'000;
    header.started_at_realtime_ns = 1'700'000'000'000'000'000;
    header.segments[0] = {static_cast<std::uint32_t>(SegmentKind::sites), 0, sites_at, page};
    header.segments[1] = {static_cast<std::uint32_t>(SegmentKind::text), 0, texts_at, page};
    header.segments[2] = {static_cast<std::uint32_t>(SegmentKind::records), 0, records_at, record_pages * page};
    std::strcpy(header.name.data(), "made");
}

std::uint32_t MadeTable::site(std::string_view name, std::string_view function, std::string_view file,
                              std::uint32_t line) {
    SiteRecord site;
    site.ready = 1;
    site.line = line;
    site.text_offset = texts_at + texts_.size();
    site.name_bytes = static_cast<std::uint16_t>(name.size());
    site.function_bytes = static_cast<std::uint16_t>(function.size());
    site.file_bytes = static_cast<std::uint16_t>(file.size());
    texts_.append(name).append(function).append(file);
    sites_ += bytes_of(site);
    return ++site_count_;
}

void MadeTable::job(std::uint32_t site, std::uint64_t since_ns) {
    TaskRecord record;
    record.head.generation = 1;
    record.head.type = static_cast<std::uint8_t>(RecordType::job);
    record.head.state = 2; // runnable
    record.head.started_ns = since_ns;
    record.head.depth = 1;
    record.scopes[0] = site;
    records_ += bytes_of(record);
}

void MadeTable::label(std::uint32_t key_site, std::string_view text) {
    TaskRecord record;
    auto* last = records_.data() + records_.size() - sizeof record;
    std::memcpy(&record, last, sizeof record);
    record.label.key = key_site;
    std::memcpy(record.label.text.data(), text.data(), std::min(text.size(), protocol::max_label_bytes));
    std::memcpy(last, &record, sizeof record);
}

void MadeTable::thread(std::uint32_t tid, std::initializer_list<std::uint32_t> scopes) {
    TaskRecord record;
    record.head.generation = 1;
    record.head.type = static_cast<std::uint8_t>(RecordType::thread);
    record.head.tid = tid;
    record.head.state = 3; // waiting
    record.head.wait_reason = 2;
    record.head.depth = static_cast<std::uint32_t>(scopes.size());
    std::copy(scopes.begin(), scopes.end(), record.scopes.begin());
    records_ += bytes_of(record);
}

std::string MadeTable::bytes() const {
    auto file = bytes_of(header);
    file.resize(sites_at);
    file += sites_;
    file.resize(texts_at);
    file += texts_;
    file.resize(records_at);
    file += records_;
    file.resize(records_at + record_pages * page);
    return file;
}

void MadeTable::write_to(const std::string& path) const {
    std::ofstream(path, std::ios::binary) << bytes();
    ::chmod(path.c_str(), 0600);
}

} // namespace tasks::tests
