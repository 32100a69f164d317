#include <tasks/protocol/table_reader.hpp>

#include <cerrno>
#include <map>
#include <utility>

#include <catch2/catch.hpp>

#include "same_messages.hpp"
#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;
using Catch::Matchers::Contains;

TEST_CASE("the header's facts are read") {
    const BytesSource source{lively_table().bytes()};
    const auto reader = opened(source);
    const auto& facts = reader.facts();
    CHECK(facts.pid == 12336);
    CHECK(facts.pid_namespace == 4026531836);
    CHECK(facts.start_time_ticks == 884213);
    CHECK(facts.boot_id == "0d9f3c1e-6a2b-4d5e-8f70-112233445566");
    CHECK(facts.uid == 1000);
    CHECK(facts.name == "payments");
    CHECK(facts.cap_bytes == 1 << 20);
    CHECK(facts.table_bytes == 4096 + 4096 + 4096 + 8192);
    CHECK(facts.started_at_ns == 1'000);
    CHECK(facts.started_at_realtime_ns == 2'000);
    CHECK(facts.seen_alive_ns == 3'000);
    CHECK(facts.agent_tid == 12337);
    CHECK(facts.dropped_jobs == 5);
    CHECK(facts.dropped_sites == 6);
    CHECK(reader.site_count() == 64);
    CHECK(reader.record_count() == 64);
}

TEST_CASE("every task is visited once, in the order of the records") {
    const BytesSource source{lively_table().bytes()};
    auto reader = opened(source);
    const auto [tasks, totals, labels] = walk(reader);
    REQUIRE(tasks.size() == 5);
    CHECK(totals.unreadable == 0);
    CHECK(totals.damaged == 0);

    const auto first_record = 3u * 4096 / record_bytes;
    Task queued;
    queued.id = 7ull << 32 | first_record;
    queued.kind = Kind::job;
    queued.scopes = {3};
    queued.scope_count = 1;
    queued.started_ns = queued.since_ns = 100;
    CHECK(tasks[0] == queued); // nobody carries it and it waits for nothing that was told: its state is not known

    auto waiting = queued;
    waiting.id += 1;
    waiting.state = State::waiting;
    waiting.wait_reason = WaitReason::chan_send;
    waiting.wait_object = 0x7ffd1c2b3a40;
    waiting.wait_site = 2;
    waiting.since_ns = 250;
    CHECK(tasks[1] == waiting);

    Task carried;
    carried.id = 9ull << 32 | (first_record + 2);
    carried.kind = Kind::job;
    carried.state = State::running;
    carried.tid = 12341;
    carried.scopes = {1, 3};
    carried.scope_count = 2;
    carried.started_ns = carried.since_ns = 120;
    CHECK(tasks[2] == carried);

    Task run; // two nested jobs that a thread carries, told where the outer one's record is, with the thread's facts
    run.id = 7ull << 32 | (first_record + 5);
    run.kind = Kind::job;
    run.state = State::running;
    run.tid = 12344;
    run.scopes = {3, 1};
    run.scope_count = 2;
    run.label_key = 2;
    run.label_text = "8431";
    CHECK(tasks[3] == run);

    Task idle;
    idle.id = 9ull << 32 | (first_record + 7);
    idle.kind = Kind::thread;
    idle.state = State::waiting;
    idle.wait_reason = WaitReason::job_queue;
    idle.tid = 12342;
    idle.since_ns = 300;
    CHECK(tasks[4] == idle);
}

TEST_CASE("a job carried by a thread may wait") {
    TestTable table;
    auto& record = table.add_thread(5);
    record.head.depth = 1;
    record.head.started_ns = 50;
    record.head.wait_reason = static_cast<std::uint8_t>(WaitReason::mutex);
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    const auto task = walk(reader).tasks.at(0);
    CHECK(task.kind == Kind::job);
    CHECK(task.state == State::waiting);
    CHECK(task.since_ns == 50); // when it began to wait is not told: not before it began
}

TEST_CASE("scopes deeper than the table holds are counted") {
    TestTable table;
    auto& record = table.add_thread(5);
    record.head.depth = 11;
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    const auto task = walk(reader).tasks.at(0);
    CHECK(task.scope_count == 8);
    CHECK(task.scopes_left_out == 3);
}

TEST_CASE("states and reasons of a later version are unknown, and the task is still told") {
    TestTable table;
    auto& record = table.add_job(0);
    record.head.state = 77;
    record.head.wait_reason = 177;
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    const auto task = walk(reader).tasks.at(0);
    CHECK(task.wait_reason == WaitReason::unknown);
    CHECK(task.state == State::waiting);
}

TEST_CASE("births and deaths are summed over counts records and sites") {
    const BytesSource source{lively_table().bytes()};
    auto reader = opened(source);
    const auto totals = walk(reader).totals;
    CHECK(totals.jobs_started == 100 + 20 + 30);
    CHECK(totals.jobs_ended == 100 + 19 + 28);
}

TEST_CASE("births and deaths are told by site, as they are kept") {
    TestTable table;
    for (const char* name : {"a", "b", "c"})
        table.add_site(name, "f", "f.cpp", 1);
    auto& counts = table.add_counts().counts;
    counts[0] = {2, 0, 10, 4};
    counts[1] = {3, 0, 1, 1};
    counts[2] = {65, 0, 1, 1}; // no site of the table
    table.add_counts().counts[0] = {2, 0, 5, 5};
    table.site(1).births = 7;
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> told;
    reader.each_count([&told](const SiteCounts& one) {
        told[one.site].first += one.births;
        told[one.site].second += one.deaths;
    });
    CHECK(told == decltype(told){{1, {7, 0}}, {2, {15, 9}}, {3, {1, 1}}});
}

TEST_CASE("there are never more ends than beginnings") {
    TestTable table;
    const auto site = table.add_site("a", "b", "c", 1);
    table.add_counts().counts[0] = {site, 0, 3, 5}; // the beginnings came after the look at their thread's counts
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    CHECK(walk(reader).totals.jobs_ended == 3);
}

TEST_CASE("a site gives its texts and line") {
    const BytesSource source{lively_table().bytes()};
    auto reader = opened(source);
    const auto site = reader.site(2);
    REQUIRE(site);
    CHECK(site->id == 2);
    CHECK(site->name == "results");
    CHECK(site->function == "operator()");
    CHECK(site->file == "payments.cpp");
    CHECK(site->line == 31);
    CHECK_FALSE(reader.site(0));
    CHECK_FALSE(reader.site(4)); // not written yet
    CHECK_FALSE(reader.site(65));
    CHECK_FALSE(reader.site(0xffffffff));
}

TEST_CASE("sites are numbered on over several segments") {
    auto table = lively_table();
    table.add_segment(SegmentKind::records, 4096);
    const auto offset = table.add_segment(SegmentKind::sites, 128);
    *table.at<SiteRecord>(offset + 64) = table.site(1);
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    CHECK(reader.site_count() == 66);
    CHECK_FALSE(reader.site(65));
    REQUIRE(reader.site(66));
    CHECK(reader.site(66)->name == "charge card");
    CHECK(walk(reader).totals.jobs_started == 150 + 100);
}

TEST_CASE("a site without texts is a site") {
    TestTable table;
    table.site(1).ready = 1;
    table.site(1).line = 12;
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    REQUIRE(reader.site(1));
    CHECK(reader.site(1)->name.empty());
    CHECK(reader.site(1)->line == 12);
}

TEST_CASE("history comes oldest first, also where the ring has turned") {
    TestTable table;
    for (std::uint64_t i = 1; i <= 70; ++i)
        table.add_history(i * 10, i * 2, i);
    const BytesSource source{table.bytes()};
    const auto reader = opened(source);
    const auto& history = reader.facts().history;
    REQUIRE(history.size() == history_entries);
    CHECK(history.front().at_ns == 70);
    CHECK(history.back().at_ns == 700);
    CHECK(history.back().jobs_started == 140);
    CHECK(history.back().jobs_ended == 70);
    CHECK(history.back().tasks == 70);
}

TEST_CASE("refresh sees what has grown") {
    auto table = lively_table();
    BytesSource source{table.bytes()};
    auto reader = opened(source);
    table.add_segment(SegmentKind::records, 4096);
    table.add_job(1);
    table.header().seen_alive_ns = 9'000;
    table.add_history(30, 9, 4);
    source.bytes = table.bytes();
    CHECK(walk(reader).tasks.size() == 5);
    REQUIRE(reader.refresh());
    CHECK(walk(reader).tasks.size() == 6);
    CHECK(reader.record_count() == 64 + 32);
    CHECK(reader.facts().seen_alive_ns == 9'000);
    CHECK(reader.facts().history.size() == 3);
}

TEST_CASE("a table that became unreadable leaves the old facts") {
    BytesSource source{lively_table().bytes()};
    auto reader = opened(source);
    source.bytes[0] = 'X';
    CHECK_FALSE(reader.refresh());
    CHECK(reader.facts().name == "payments");
    CHECK(walk(reader).tasks.size() == 5);
    source.bytes.resize(100);
    CHECK_FALSE(reader.refresh());
    CHECK(walk(reader).totals.unreadable > 0);
}

TEST_CASE("a visitor that has enough ends the walk") {
    const BytesSource source{lively_table().bytes()};
    auto reader = opened(source);
    int visited = 0;
    reader.each_task([&](const Task&) { return ++visited < 2; });
    CHECK(visited == 2);
}

TEST_CASE("a walk can begin at any record") {
    auto table = lively_table();
    table.add_segment(SegmentKind::sites, 4096);
    table.add_segment(SegmentKind::records, 4096);
    table.add_job(1);
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    const auto walked = walk(reader);
    const auto& all = walked.tasks;
    REQUIRE(all.size() == 6);
    const auto last = table.size() / record_bytes;
    for (std::uint64_t first = 0; first <= last + 1; ++first) {
        CAPTURE(first);
        std::vector<Task> from;
        std::deque<std::string> labels;
        reader.each_task_from(first, [&](const Task& task) {
            from.push_back(task);
            from.back().label_text = labels.emplace_back(task.label_text);
            return true;
        });
        std::vector<Task> expected;
        for (const auto& task : all)
            if ((task.id & 0xffffffff) >= first)
                expected.push_back(task);
        CHECK((from == expected));
    }
    CHECK(reader.each_task_from(~0ull, [](const Task&) { return true; }).unreadable == 0);
}

TEST_CASE("a site that was added after the directory was read is no damage") {
    auto table = lively_table();
    BytesSource source{table.bytes()};
    auto reader = opened(source);
    table.add_segment(SegmentKind::sites, 4096);
    table.add_job(65);
    source.bytes = table.bytes();
    const auto [tasks, totals, labels] = walk(reader);
    CHECK(tasks.size() == 6);
    CHECK(totals.damaged == 0);
}

TEST_CASE("segments of a kind from later versions are passed over") {
    auto table = lively_table();
    table.add_segment(static_cast<SegmentKind>(9), 4096);
    table.add_segment(SegmentKind::records, 4096);
    table.add_job(1);
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    CHECK(walk(reader).tasks.size() == 6);
}

TEST_CASE("a source that gives few bytes at a time is read on") {
    struct Slow : BytesSource {
        using BytesSource::BytesSource;
        std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
            return BytesSource::read_at(offset, into.first(std::min<std::size_t>(into.size(), 100)));
        }
    };
    const Slow source{lively_table().bytes()};
    auto reader = opened(source);
    CHECK(walk(reader).tasks.size() == 5);
    CHECK(reader.site(1)->name == "charge card");
}

TEST_CASE("a source that fails gives its cause") {
    ChangingSource source;
    source.before = [](std::uint64_t, std::size_t, std::string&) { return EACCES; };
    const auto reader = TableReader::open(source);
    REQUIRE_FALSE(reader);
    CHECK(reader.error().code == TableErrorCode::unreadable);
    CHECK_THAT(reader.error().sentence, Contains("Permission denied"));
}
