#include <cstring>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

void add_object(TestTable& table, std::uint64_t address, std::uint64_t handles, std::uint64_t ended_ns,
                std::uint32_t sequence = 2) {
    WaitObjectRecord record;
    record.head.sequence = sequence;
    record.head.type = static_cast<std::uint8_t>(RecordType::wait_object);
    record.head.wait_object = address;
    record.handles = handles;
    record.handles_ended_ns = ended_ns;
    std::memcpy(static_cast<void*>(&table.next_record()), &record, sizeof record);
    ++table.header().wait_objects;
}

std::vector<WaitObject> told(const TableSource& source) {
    std::vector<WaitObject> all;
    opened(source).each_wait_object([&](const WaitObject& one) { all.push_back(one); });
    return all;
}

} // namespace

TEST_CASE("wait objects are told, and make no task") {
    auto table = lively_table();
    const BytesSource before{table.bytes()};
    add_object(table, 0x1000, 3, 0);
    add_object(table, 0x2000, 0, 77);
    add_object(table, 0x3000, 1, 77);   // a handle again: the time is of earlier
    add_object(table, 0x4000, 0, 5, 3); // in the middle of an update
    const BytesSource source{table.bytes()};
    const auto all = told(source);
    REQUIRE(all.size() == 3);
    CHECK(all[0].address == 0x1000);
    CHECK(all[0].handles == 3);
    CHECK(all[1].handles == 0);
    CHECK(all[1].handles_ended_ns == 77);
    CHECK(all[2].handles_ended_ns == 0);
    auto reader = opened(source);
    auto plain = opened(before);
    const auto walked = walk(reader);
    CHECK(walked.tasks.size() == walk(plain).tasks.size());
    CHECK(walked.totals.damaged == walk(plain).totals.damaged);
    CHECK(walked.totals.unreadable == 1);
}

TEST_CASE("where the header says that there never were wait objects nothing is read for them") {
    auto table = lively_table();
    add_object(table, 0x1000, 3, 0);
    table.header().wait_objects = 0;
    ChangingSource source;
    source.bytes = table.bytes();
    int reads = 0;
    source.before = [&](std::uint64_t, std::size_t, std::string&) {
        ++reads;
        return 0;
    };
    auto reader = opened(source);
    reads = 0;
    reader.each_wait_object([](const WaitObject&) { FAIL("told"); });
    CHECK(reads == 0);
}

TEST_CASE("a table that is cut before its wait objects are read tells none") {
    auto table = lively_table();
    add_object(table, 0x1000, 3, 0);
    ChangingSource source;
    source.bytes = table.bytes();
    bool cut = false;
    source.before = [&cut](std::uint64_t, std::size_t, std::string& bytes) {
        bytes.resize(cut ? 4096 : bytes.size());
        return 0;
    };
    auto reader = opened(source);
    cut = true;
    int told = 0;
    reader.each_wait_object([&told](const WaitObject&) { ++told; });
    CHECK(told == 0);
}
