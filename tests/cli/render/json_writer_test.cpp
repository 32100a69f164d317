#include "render/json_writer.hpp"

#include <catch2/catch.hpp>

#include <limits>
#include <stdexcept>

#include "inspect/analysis/made_snapshot.hpp"
#include "render/captured_sink.hpp"
#include "render/valid_json.hpp"

using namespace tasks::render;
using namespace std::chrono_literals;

TEST_CASE("unknown is null, never 0") {
    CapturedSink sink;
    {
        JsonWriter json(sink);
        json.begin_array();
        json.number(std::optional<std::uint64_t>{});
        json.number_unless_0(0);
        json.string_unless_empty("");
        json.address(0);
        json.decimal(std::nullopt);
        json.decimal(std::numeric_limits<double>::infinity());
        json.number(std::optional<std::uint64_t>{0});
        json.end_array();
        json.finish();
    }
    CHECK(sink.text == "[null,null,null,null,null,null,0]\n");
}

TEST_CASE("numbers keep all their digits, addresses are strings") {
    CapturedSink sink;
    {
        JsonWriter json(sink);
        json.begin_array();
        json.number(~std::uint64_t{0});
        json.number(std::int64_t{-3});
        json.address(~std::uint64_t{0});
        json.decimal(12.0);
        json.decimal(-0.33349);
        json.end_array();
        json.finish();
    }
    CHECK(sink.text == "[18446744073709551615,-3,\"0xffffffffffffffff\",12.0,-0.333]\n");
}

TEST_CASE("strings of any bytes give valid JSON") {
    CapturedSink sink;
    {
        JsonWriter json(sink);
        json.string("a\"\\\x1b\xff\xe2\x80\xae \xe2\x82\xac");
        json.finish();
    }
    CHECK(sink.text == "\"a\\\"\\\\\\\\x1b\\\\xff\\\\u202e \xe2\x82\xac\"\n");
}

TEST_CASE("a sink that fails in the middle is met by its own exception") {
    class FullDisk : public Sink {
        void write(std::string_view) override { throw std::runtime_error("no space"); }
    };
    FullDisk sink;
    CHECK_THROWS_AS(list_json({}, sink), std::runtime_error);
}

TEST_CASE("a long report is handed over in pieces and never held") {
    tasks::inspect::MadeSnapshot made;
    for (int at = 0; at < 20'000; ++at) {
        made.job({"mail"}).waits(tasks::protocol::WaitReason::job_queue, "outbox", 1s * at);
    }
    const auto report = made.analyse();
    CapturedSink sink;
    stack_json(report, sink);
    CHECK(sink.text.size() > 1'000'000);
    CHECK(sink.longest_piece <= 16'384);
    CHECK(valid_json(sink.text));
    const auto first = sink.text.find("\"tasks\":[{");
    REQUIRE(first != std::string::npos);
    CHECK(sink.text.find("\"age_ns\":") == sink.text.find("\"age_ns\":19999000000000,", first)); // oldest first
    std::size_t tasks = 0;
    for (auto at = sink.text.find("{\"id\":"); at != std::string::npos; at = sink.text.find("{\"id\":", at + 1)) {
        ++tasks;
    }
    CHECK(tasks == 20'000);
}
