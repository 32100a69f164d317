// Records that are written while they are looked at. Deterministic: the source changes between two reads.
#include <tasks/protocol/table_reader.hpp>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

constexpr std::uint64_t records_offset = 3 * 4096;

// A table with two jobs, the first of which `change` rewrites before each look at it; look 0 is the first.
struct Torn {
    explicit Torn(std::function<void(TaskRecord&, int look)> change) {
        table.add_job(0);
        table.add_job(0);
        source.bytes = table.bytes();
        source.before = [this, change](std::uint64_t offset, std::size_t, std::string& bytes) {
            if (offset == records_offset) {
                change(*table.at<TaskRecord>(records_offset), looks++);
                bytes = table.bytes();
            }
            return 0;
        };
    }
    Walked walked() {
        auto reader = opened(source);
        return walk(reader);
    }
    TestTable table;
    ChangingSource source;
    int looks = 0;
};

} // namespace

TEST_CASE("a record that changes at every look is given up after eight and counted") {
    Torn torn{[](TaskRecord& record, int look) { record.head.sequence = 2 * static_cast<std::uint32_t>(look); }};
    const auto [tasks, totals, labels] = torn.walked();
    CHECK(torn.looks == 8);
    CHECK(tasks.size() == 1);
    CHECK(totals.unreadable == 1);
    CHECK(totals.damaged == 0);
}

TEST_CASE("a record whose words change under an even sequence is not accepted either") {
    Torn torn{[](TaskRecord& record, int look) { record.head.started_ns = static_cast<std::uint64_t>(look); }};
    const auto [tasks, totals, labels] = torn.walked();
    CHECK(tasks.size() == 1);
    CHECK(totals.unreadable == 1);
}

TEST_CASE("the last word of a record counts as much as the first") {
    Torn torn{[](TaskRecord& record, int look) { record.carries = static_cast<std::uint64_t>(look); }};
    CHECK(torn.walked().totals.unreadable == 1);
}

TEST_CASE("a record that settles is accepted at the first two looks that agree") {
    for (const int settled : {1, 2, 5, 6}) {
        CAPTURE(settled);
        Torn torn{[&](TaskRecord& record, int look) {
            record.head.sequence = 2 * static_cast<std::uint32_t>(std::min(look, settled));
            record.head.started_ns = 100 + static_cast<std::uint64_t>(std::min(look, settled));
        }};
        const auto [tasks, totals, labels] = torn.walked();
        CHECK(torn.looks == settled + 2);
        REQUIRE(tasks.size() == 2);
        CHECK(tasks[0].started_ns == 100 + static_cast<std::uint64_t>(settled));
        CHECK(totals.unreadable == 0);
    }
}

TEST_CASE("a record whose writer was killed in an update is unreadable, alone") {
    Torn torn{[](TaskRecord& record, int) { record.head.sequence = 3; }};
    const auto [tasks, totals, labels] = torn.walked();
    CHECK(torn.looks == 8);
    CHECK(tasks.size() == 1);
    CHECK(totals.unreadable == 1);
}

TEST_CASE("an odd sequence that becomes even is waited for") {
    Torn torn{[](TaskRecord& record, int look) { record.head.sequence = look < 4 ? 3 : 4; }};
    CHECK(torn.walked().tasks.size() == 2);
}

TEST_CASE("a record that becomes free is no task") {
    Torn torn{[](TaskRecord& record, int look) {
        record.head.sequence = look < 1 ? 2 : 4;
        record.head.type = look < 1 ? 2 : 0;
    }};
    const auto [tasks, totals, labels] = torn.walked();
    CHECK(tasks.size() == 1);
    CHECK(totals.unreadable == 0);
}

TEST_CASE("where all records are free one look is enough, unless one is being written") {
    for (const std::uint32_t sequence : {0u, 1u}) {
        TestTable table;
        table.at<TaskRecord>(records_offset)->head.sequence = sequence;
        ChangingSource source;
        source.bytes = table.bytes();
        int looks = 0;
        source.before = [&looks](std::uint64_t offset, std::size_t, std::string&) {
            looks += offset == records_offset ? 1 : 0;
            return 0;
        };
        auto reader = opened(source);
        const auto walked = walk(reader);
        CHECK(walked.tasks.empty());
        CHECK(looks == (sequence == 0 ? 1 : 8));
        CHECK(walked.totals.unreadable == sequence);
    }
}

TEST_CASE("counts that run on are taken as they are") {
    TestTable table;
    const auto site = table.add_site("a", "b", "c", 1);
    auto& counts = table.add_counts();
    counts.counts[0].site = site;
    ChangingSource source;
    source.before = [&](std::uint64_t offset, std::size_t, std::string& bytes) {
        counts.counts[0].births += offset == records_offset ? 1 : 0;
        bytes = table.bytes();
        return 0;
    };
    auto reader = opened(source);
    const auto totals = walk(reader).totals;
    CHECK(totals.unreadable == 0);
    CHECK(totals.jobs_started == 2);
}

TEST_CASE("a history entry that is written while it is read is left out") {
    auto table = lively_table();
    ChangingSource source;
    source.before = [&](std::uint64_t, std::size_t, std::string& bytes) {
        table.header().history[1].jobs_started += 1;
        bytes = table.bytes();
        return 0;
    };
    const auto reader = opened(source);
    REQUIRE(reader.facts().history.size() == 1);
    CHECK(reader.facts().history[0].at_ns == 10);
}

TEST_CASE("a segment that is added between two looks at the header is left for the next refresh") {
    auto table = lively_table();
    ChangingSource source;
    source.bytes = table.bytes();
    bool added = false;
    int reads = 0;
    source.before = [&](std::uint64_t offset, std::size_t, std::string& bytes) {
        if (offset == 0 && ++reads == 2 && !std::exchange(added, true)) {
            table.add_segment(SegmentKind::records, 4096);
            bytes = table.bytes();
        }
        return 0;
    };
    auto reader = opened(source);
    CHECK(reader.record_count() == 64);
    CHECK(reader.refresh());
    CHECK(reader.record_count() == 96);
}
