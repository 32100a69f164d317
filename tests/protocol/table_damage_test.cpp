// Tables that are cut, changed and scribbled over: an error with a sentence, or what can still be told.
#include <tasks/protocol/table_reader.hpp>

#include <cstddef>
#include <random>

#include <catch2/catch.hpp>

#include "test_table.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;
using Catch::Matchers::Contains;

namespace {

TableError refused(const std::string& bytes) {
    const BytesSource source{bytes};
    auto reader = TableReader::open(source);
    REQUIRE_FALSE(reader);
    return reader.error();
}

TableError refused(const TestTable& table) { return refused(table.bytes()); }

// The totals of a walk over a table with one record that should be left out.
TableTotals totals_of(const TestTable& table) {
    const BytesSource source{table.bytes()};
    auto reader = opened(source);
    const auto walked = walk(reader);
    CHECK(walked.tasks.empty());
    return walked.totals;
}

} // namespace

TEST_CASE("a file that is no table is told apart from a damaged one") {
    CHECK(refused("").code == TableErrorCode::not_a_table);
    CHECK(refused("TSKTABL").code == TableErrorCode::not_a_table);
    CHECK(refused(std::string(100'000, '\0')).code == TableErrorCode::not_a_table);
    const auto cut = refused("TSKTABL1");
    CHECK(cut.code == TableErrorCode::damaged);
    CHECK_THAT(cut.sentence, Contains("8 bytes"));
}

TEST_CASE("a table of another version names both versions") {
    auto table = lively_table();
    table.header().version = 7;
    const auto error = refused(table);
    CHECK(error.code == TableErrorCode::unsupported_version);
    CHECK_THAT(error.sentence, Contains("version 7") && Contains("version 1"));
}

TEST_CASE("a table cut at any multiple of 128 bytes is refused, without its end or without its header") {
    const auto whole = lively_table().bytes();
    for (std::size_t length = 0; length < whole.size(); length += record_bytes) {
        CAPTURE(length);
        const auto error = refused(whole.substr(0, length));
        CHECK(error.code == (length == 0 ? TableErrorCode::not_a_table : TableErrorCode::damaged));
    }
    CHECK(refused(whole.substr(0, whole.size() - 1)).code == TableErrorCode::damaged);
    CHECK(read_all(BytesSource{whole + "more"}));
}

TEST_CASE("a table that is cut while it is read has unreadable records, no invented ones") {
    BytesSource source{lively_table().bytes()};
    auto reader = opened(source);
    source.bytes.resize(3 * 4096 + 2 * record_bytes);
    const auto [tasks, totals, labels] = walk(reader);
    CHECK(tasks.empty());
    CHECK(totals.unreadable == 64);
}

TEST_CASE("every changed byte of the header is refused or read without harm") {
    const auto whole = lively_table().bytes();
    for (std::size_t place = 0; place < sizeof(TableHeader); ++place)
        for (const int change : {0xff, 0x01, 0x80}) {
            const bool in_history = place >= offsetof(TableHeader, history) && place < offsetof(TableHeader, segments);
            if (in_history && change != 0xff)
                continue; // numbers that nothing else depends on
            CAPTURE(place, change);
            auto bytes = whole;
            bytes[place] = static_cast<char>(bytes[place] ^ change);
            const bool opened = read_all(BytesSource{bytes});
            if (place < 16) // magic, version, size of a record
                CHECK_FALSE(opened);
        }
}

TEST_CASE("every changed byte of sites, texts and records is read without harm") {
    const auto whole = lively_table().bytes();
    for (std::size_t place = table_header_bytes; place < whole.size(); ++place) {
        const auto in_page = place % 4096;
        if (in_page > 1200)
            continue; // zeros, which the random scribbles below reach
        CAPTURE(place);
        auto bytes = whole;
        bytes[place] = static_cast<char>(~bytes[place]);
        CHECK(read_all(BytesSource{bytes}));
    }
}

TEST_CASE("random scribbles are read without harm") {
    const auto whole = lively_table().bytes();
    for (std::uint32_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        auto bytes = whole;
        // Every second table keeps its first 24 bytes, so that scribbles behind them are looked at.
        const std::size_t from = seed % 2 == 0 ? 24 : 0;
        for (auto count = random() % 400 + 1; count > 0; --count)
            bytes[from + random() % (bytes.size() - from)] = static_cast<char>(random());
        read_all(BytesSource{bytes});
    }
}

TEST_CASE("a directory with a segment that cannot be is refused") {
    const auto with = [](auto&& change) {
        auto table = lively_table();
        change(table.header());
        return refused(table);
    };
    CHECK_THAT(with([](auto& head) { head.segment_count = max_segments + 1; }).sentence, Contains("49 segments"));
    CHECK_THAT(with([](auto& head) { head.segment_count = 0xffffffff; }).sentence, Contains("segments"));
    CHECK_THAT(with([](auto& head) { head.segment_count = 4; }).sentence, Contains("segment 3"));
    CHECK_THAT(with([](auto& head) { head.segments[1].offset += 8; }).sentence, Contains("segment 1"));
    CHECK_THAT(with([](auto& head) { head.segments[0].offset = 0; }).sentence, Contains("segment 0"));
    CHECK_THAT(with([](auto& head) { head.segments[2] = head.segments[1]; }).sentence, Contains("segment 2"));
    CHECK_THAT(with([](auto& head) { head.segments[2].bytes = 0; }).sentence, Contains("size"));
    CHECK_THAT(with([](auto& head) { head.segments[2].bytes -= 64; }).sentence, Contains("size"));
    CHECK_THAT(with([](auto& head) { head.segments[2].bytes = ~0ull << 7; }).sentence, Contains("size"));
    CHECK_THAT(with([](auto& head) { head.segments[2].offset = ~0ull << 12; }).sentence, Contains("segment 2"));
    CHECK_THAT(with([](auto& head) { head.segments[2].bytes += 4096; }).sentence, Contains("cut short"));
    CHECK_THAT(with([](auto& head) { head.record_size = 64; }).sentence, Contains("64 bytes"));
}

TEST_CASE("a table without segments has no tasks") {
    auto table = lively_table();
    table.header().segment_count = 0;
    CHECK(totals_of(table).jobs_started == 0);
}

TEST_CASE("a record whose content cannot be is left out and counted") {
    const auto with = [](auto&& change) {
        TestTable table;
        change(table);
        return totals_of(table).damaged;
    };
    CHECK(with([](auto& table) { table.add_job(0).head.type = 4; }) == 1);
    CHECK(with([](auto& table) { table.add_job(0).head.type = 255; }) == 1);
    CHECK(with([](auto& table) { table.add_job(65); }) == 1);
    CHECK(with([](auto& table) { table.add_job(0xffffffff); }) == 1);
    CHECK(with([](auto& table) { table.add_job(0).head.depth = 0; }) == 1);
    CHECK(with([](auto& table) { table.add_job(0).head.depth = 2; }) == 1);
    CHECK(with([](auto& table) { table.add_thread(5).head.depth = 0xffffffff; }) == 1);
    CHECK(with([](auto& table) { table.add_thread(0).head.depth = 1; }) == 1);
    CHECK(with([](auto& table) {
              auto& record = table.add_job(0);
              record.head.wait_reason = 2;
              record.head.wait_site = 65;
          }) == 1);
    CHECK(with([](auto& table) { table.site(3).ready = 2; }) == 1);
}

TEST_CASE("a site that is out of range is not looked for at every record anew") {
    auto table = lively_table();
    for (int i = 0; i < 50; ++i)
        table.add_job(65 + static_cast<std::uint32_t>(i));
    ChangingSource source;
    source.bytes = table.bytes();
    int header_reads = 0;
    source.before = [&](std::uint64_t offset, std::size_t, std::string&) { return header_reads += offset == 0, 0; };
    auto reader = opened(source);
    CHECK(walk(reader).totals.damaged == 50);
    CHECK(header_reads <= 2 + 8 * 2);
}

TEST_CASE("counts that cannot be are left out and counted") {
    TestTable table;
    const auto site = table.add_site("a", "b", "c", 1);
    auto& counts = table.add_counts();
    counts.counts[0] = {site, 0, 10, 4};
    counts.counts[1] = {site, 0, 1ull << 63, 0};
    counts.counts[2] = {65, 0, 1, 1};
    table.site(site).births = ~0ull;
    const auto totals = totals_of(table);
    CHECK(totals.jobs_started == 10);
    CHECK(totals.jobs_ended == 4);
    CHECK(totals.damaged == 2);
}

TEST_CASE("a site whose text lies outside the text segments is no site") {
    const auto with = [](auto&& change) {
        auto table = lively_table();
        change(table.site(1));
        const BytesSource source{table.bytes()};
        auto reader = opened(source);
        return reader.site(1).has_value();
    };
    CHECK(with([](SiteRecord&) {}));
    CHECK_FALSE(with([](SiteRecord& site) { site.text_offset = 0; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.text_offset = 4095; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.text_offset = 8191; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.text_offset = 3 * 4096; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.text_offset = ~0ull; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.file_bytes = 65535; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.name_bytes = site.function_bytes = site.file_bytes = 65535; }));
    CHECK_FALSE(with([](SiteRecord& site) { site.ready = 0x100; }));
}

TEST_CASE("texts of the header without a final zero end where they end") {
    auto table = lively_table();
    table.header().name.fill('n');
    table.header().boot_id.fill('b');
    const BytesSource source{table.bytes()};
    const auto reader = opened(source);
    CHECK(reader.facts().name == std::string(64, 'n'));
    CHECK(reader.facts().boot_id == std::string(36, 'b'));
}
