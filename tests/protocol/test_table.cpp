#include "test_table.hpp"

#include <algorithm>
#include <cstring>

#include <catch2/catch.hpp>

namespace tasks::protocol::tests {

namespace {

constexpr std::size_t room_bytes = 64 * 1024;

std::int64_t read_from(const std::string& bytes, std::uint64_t offset, std::span<char> into) noexcept {
    if (offset >= bytes.size())
        return 0;
    return static_cast<std::int64_t>(bytes.copy(into.data(), into.size(), offset));
}

} // namespace

TestTable::TestTable() : memory_(room_bytes / sizeof(std::uint64_t)) {
    auto& head = *new (memory_.data()) TableHeader;
    head.magic = table_magic;
    head.version = table_version;
    head.record_size = record_bytes;
    head.pid = 12336;
    head.pid_namespace = 4026531836;
    head.start_time_ticks = 884213;
    std::string_view{"0d9f3c1e-6a2b-4d5e-8f70-112233445566"}.copy(head.boot_id.data(), head.boot_id.size());
    head.uid = 1000;
    std::string_view{"payments"}.copy(head.name.data(), head.name.size());
    head.cap_bytes = 1 << 20;
    head.started_at_ns = 1'000;
    head.started_at_realtime_ns = 2'000;
    head.agent_tid = 12337;
    head.dropped_jobs = 5;
    head.dropped_sites = 6;
    head.seen_alive_ns = 3'000;
    next_text_ = add_segment(SegmentKind::text, 4096);
    first_site_ = add_segment(SegmentKind::sites, 4096);
    add_segment(SegmentKind::records, 8192);
}

std::uint64_t TestTable::add_segment(SegmentKind kind, std::uint64_t bytes) {
    const auto offset = end_;
    REQUIRE(offset + bytes <= room_bytes);
    header().segments[header().segment_count++] = {static_cast<std::uint32_t>(kind), 0, offset, bytes};
    end_ += (bytes + 4095) / 4096 * 4096;
    if (kind == SegmentKind::records)
        next_record_ = offset;
    return offset;
}

TaskRecord& TestTable::next_record() {
    auto* record = at<TaskRecord>(next_record_);
    next_record_ += record_bytes;
    return *record;
}

std::uint64_t TestTable::number_of(const TaskRecord& record) const {
    return static_cast<std::uint64_t>(reinterpret_cast<const char*>(&record) -
                                      reinterpret_cast<const char*>(memory_.data())) /
           record_bytes;
}

TaskRecord& TestTable::add_job(std::uint32_t site) {
    auto& record = next_record();
    record.head.sequence = 2;
    record.head.generation = 7;
    record.head.type = static_cast<std::uint8_t>(RecordType::job);
    record.head.depth = 1;
    record.head.started_ns = 100;
    record.scopes[0] = site;
    return record;
}

TaskRecord& TestTable::add_thread(std::uint32_t tid) {
    auto& record = next_record();
    record.head.sequence = 4;
    record.head.generation = 9;
    record.head.type = static_cast<std::uint8_t>(RecordType::thread);
    record.head.tid = tid;
    return record;
}

TaskRecord& TestTable::add_carried(TaskRecord& thread, std::uint32_t scope, std::uint32_t site) {
    auto& job = add_job(site);
    job.head.tid = thread.head.tid;
    job.carries = std::uint64_t{scope} << 32 | number_of(thread);
    thread.head.depth = std::max(thread.head.depth, scope + 1);
    thread.scopes[scope] = site;
    if (scope == 0)
        thread.carries = std::uint64_t{job.head.generation} << 32 | number_of(job);
    return job;
}

CountsRecord& TestTable::add_counts() {
    auto* counts = reinterpret_cast<CountsRecord*>(&next_record());
    counts->type = static_cast<std::uint8_t>(RecordType::counts);
    return *counts;
}

std::uint32_t TestTable::add_site(std::string_view name, std::string_view function, std::string_view file,
                                  std::uint32_t line) {
    auto& record = site(++sites_);
    record.line = line;
    record.text_offset = next_text_;
    record.name_bytes = static_cast<std::uint16_t>(name.size());
    record.function_bytes = static_cast<std::uint16_t>(function.size());
    record.file_bytes = static_cast<std::uint16_t>(file.size());
    for (const auto text : {name, function, file}) {
        text.copy(at<char>(next_text_), text.size());
        next_text_ += text.size();
    }
    record.ready = 1;
    return sites_;
}

void TestTable::add_history(std::uint64_t at_ns, std::uint64_t started, std::uint64_t ended) {
    auto& head = header();
    head.history[head.history_next % history_entries] = {at_ns, static_cast<std::uint32_t>(started - ended), 0, started,
                                                         ended};
    head.history_next = (head.history_next + 1) % history_entries;
}

std::string TestTable::bytes() const { return {reinterpret_cast<const char*>(memory_.data()), end_}; }

TestTable lively_table() {
    TestTable table;
    const auto charge = table.add_site("charge card", "submit", "payments.cpp", 29);
    const auto results = table.add_site("results", "operator()", "payments.cpp", 31);
    const auto receipt = table.add_site("send receipt", "enqueue", "receipts.cpp", 77);
    table.add_job(receipt);
    auto& waiting = table.add_job(receipt);
    waiting.head.wait_reason = static_cast<std::uint8_t>(WaitReason::chan_send);
    waiting.head.wait_object = 0x7ffd1c2b3a40;
    waiting.head.wait_since_ns = 250;
    waiting.head.wait_site = results;
    auto& carrier = table.add_thread(12341);
    carrier.head.depth = 2;
    carrier.head.started_ns = 120;
    carrier.scopes = {charge, receipt};
    auto& counts = table.add_counts();
    counts.counts[0] = {charge, 0, 20, 19};
    counts.counts[3] = {receipt, 0, 30, 28};
    auto& worker = table.add_thread(12344);
    worker.label = label(results, "8431");
    table.add_carried(worker, 0, receipt).label = label(results, "8432", true);
    table.add_carried(worker, 1, charge);
    auto& idle = table.add_thread(12342);
    idle.head.wait_reason = static_cast<std::uint8_t>(WaitReason::job_queue);
    idle.head.wait_since_ns = 300;
    table.add_thread(12343);
    table.site(charge).births = 100;
    table.site(charge).deaths = 100;
    table.add_history(10, 1, 0);
    table.add_history(20, 5, 3);
    return table;
}

LabelField label(std::uint32_t key, std::string_view text, bool cut) {
    LabelField field;
    field.key = key;
    std::memcpy(field.text.data(), text.data(), std::min(text.size(), max_label_bytes));
    reinterpret_cast<char*>(field.text.data())[max_label_bytes] = cut ? 1 : 0;
    return field;
}

std::int64_t BytesSource::read_at(std::uint64_t offset, std::span<char> into) const noexcept {
    return read_from(bytes, offset, into);
}

std::int64_t ChangingSource::read_at(std::uint64_t offset, std::span<char> into) const noexcept {
    auto* self = const_cast<ChangingSource*>(this); // the file changes, not the way to it
    if (const int error = before(offset, into.size(), self->bytes); error != 0)
        return -error;
    return read_from(bytes, offset, into);
}

Walked walk(TableReader& reader) {
    Walked walked;
    walked.totals = reader.each_task([&](const Task& task) {
        walked.tasks.push_back(task);
        walked.tasks.back().label_text = walked.labels.emplace_back(task.label_text);
        return true;
    });
    return walked;
}

TableReader opened(const TableSource& source) {
    auto reader = TableReader::open(source);
    INFO((reader ? "" : reader.error().sentence));
    REQUIRE(reader);
    return *std::move(reader);
}

bool read_all(const TableSource& source) {
    auto reader = TableReader::open(source);
    if (!reader) {
        REQUIRE_FALSE(reader.error().sentence.empty());
        return false;
    }
    const auto walked = walk(*reader);
    REQUIRE(walked.totals.jobs_ended <= walked.totals.jobs_started);
    // A task that is told may have a label that cannot be.
    REQUIRE(walked.tasks.size() <= reader->record_count());
    REQUIRE(walked.totals.damaged <= reader->record_count() + reader->site_count());
    for (const auto& task : walked.tasks)
        REQUIRE((task.scope_count <= max_scopes && task.kind != Kind::unknown));
    std::size_t text = 0;
    for (std::uint32_t id = 0; id <= std::min(reader->site_count(), 1000u) + 1; ++id)
        if (const auto site = reader->site(id))
            text +=
                std::string{site->name}.size() + std::string{site->function}.size() + std::string{site->file}.size();
    REQUIRE(text < (1u << 30));
    REQUIRE(reader->facts().history.size() <= history_entries);
    std::uint64_t objects = 0;
    reader->each_wait_object([&objects](const WaitObject&) { ++objects; });
    REQUIRE(objects <= reader->record_count());
    reader->refresh();
    return true;
}

} // namespace tasks::protocol::tests
