#include <tasks/protocol/table_reader.hpp>

#include <cstring>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

struct Birth {
    std::uint32_t tid;
    std::uint32_t creator_tid;
    std::uint64_t born_ns;
    std::vector<std::uint64_t> pcs;
    bool operator==(const Birth&) const = default;
};

std::vector<Birth> births(const TableSource& source, BirthTotals& totals) {
    std::vector<Birth> all;
    totals = opened(source).each_birth([&](const ThreadBirth& birth) {
        all.push_back({birth.tid, birth.creator_tid, birth.born_ns, {birth.pcs.begin(), birth.pcs.end()}});
        return true;
    });
    return all;
}

BirthRecord born(std::uint32_t tid) {
    BirthRecord record;
    record.sequence = 4;
    record.generation = 2;
    record.living = 1;
    record.pc_count = 2;
    record.tid = tid;
    record.born_ns = 1'000 + tid;
    record.creator_tid = 7;
    record.pcs = {0x401000, 0x402000, 0xdead};
    return record;
}

} // namespace

TEST_CASE("a table without births says that none are kept") {
    BirthTotals totals;
    CHECK(births(BytesSource{lively_table().bytes()}, totals).empty());
    CHECK_FALSE(totals.watched);
}

TEST_CASE("births are told of threads that began to run, and make no task") {
    auto table = lively_table();
    const auto before = table.bytes();
    const auto offset = table.add_segment(SegmentKind::births, 4096);
    const auto at = [&](std::uint64_t index) { return table.at<BirthRecord>(offset + index * record_bytes); };
    *at(0) = born(11);
    *at(3) = born(12);
    *at(4) = born(0);  // about to run
    *at(5) = born(14); // ended
    at(5)->living = 0;
    table.header().dropped_births = 3;
    const BytesSource source{table.bytes()};
    BirthTotals totals;
    CHECK(births(source, totals) ==
          std::vector<Birth>{{11, 7, 1'011, {0x401000, 0x402000}}, {12, 7, 1'012, {0x401000, 0x402000}}});
    CHECK(totals.watched);
    CHECK(totals.unreadable == 0);
    CHECK(totals.damaged == 0);
    auto reader = opened(source);
    CHECK(reader.facts().dropped_births == 3);
    const BytesSource without{before};
    auto plain = opened(without);
    CHECK(walk(reader).tasks.size() == walk(plain).tasks.size());
}

TEST_CASE("births that cannot be are damaged, those in the middle of an update unreadable") {
    auto table = lively_table();
    const auto offset = table.add_segment(SegmentKind::births, 4096);
    const auto at = [&](std::uint64_t index) { return table.at<BirthRecord>(offset + index * record_bytes); };
    for (std::uint64_t index = 0; index < 5; ++index)
        *at(index) = born(static_cast<std::uint32_t>(20 + index));
    at(0)->pc_count = birth_pcs + 1;
    at(1)->living = 2;
    at(2)->born_ns = 0;
    at(3)->sequence = 5;
    BirthTotals totals;
    const auto told = births(BytesSource{table.bytes()}, totals);
    REQUIRE(told.size() == 1);
    CHECK(told[0].tid == 24);
    CHECK(totals.damaged == 3);
    CHECK(totals.unreadable == 1);
}

TEST_CASE("a birth that is rewritten between two looks is told as it is then") {
    auto table = lively_table();
    const auto offset = table.add_segment(SegmentKind::births, 4096);
    *table.at<BirthRecord>(offset) = born(11);
    ChangingSource source;
    source.bytes = table.bytes();
    int looks = 0;
    source.before = [&](std::uint64_t from, std::size_t, std::string& bytes) {
        if (from == offset && ++looks == 2) {
            auto changed = born(33);
            changed.sequence = 6;
            std::memcpy(bytes.data() + offset, &changed, sizeof changed);
        }
        return 0;
    };
    BirthTotals totals;
    const auto told = births(source, totals);
    REQUIRE(told.size() == 1);
    CHECK(told[0].tid == 33);
    CHECK(totals.unreadable == 0);
}
