#include "render/figures.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <limits>
#include <string>

using namespace tasks::render;

namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t s = 1'000 * ms;

} // namespace

TEST_CASE("numbers have thousands separators") {
    CHECK(number(std::uint64_t{0}) == "0");
    CHECK(number(std::uint64_t{999}) == "999");
    CHECK(number(std::uint64_t{1'204}) == "1,204");
    CHECK(number(std::uint64_t{1'000'000}) == "1,000,000");
    CHECK(number(std::optional<std::uint64_t>{}) == "?");
    CHECK(signed_number(12) == "+12");
    CHECK(signed_number(-1'204) == "-1,204");
    CHECK(signed_number(0) == "0");
    CHECK(signed_number(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
}

TEST_CASE("a moment is told in local time") {
    const std::string before = std::getenv("TZ") == nullptr ? "" : std::getenv("TZ");
    ::setenv("TZ", "XYZ-2", 1); // two hours east of Greenwich
    ::tzset();
    CHECK(moment(0) == "1970-01-01 02:00:00");
    CHECK(moment(1'795'277'475'999'999'999) == "2026-11-21 18:11:15");
    CHECK(moment(~std::uint64_t{0}).starts_with("2554-07-2"));
    ::setenv("TZ", before.c_str(), 1);
    ::tzset();
}

TEST_CASE("durations tell their two largest units") {
    CHECK(duration(std::uint64_t{0}) == "<1ms");
    CHECK(duration(999'999) == "<1ms");
    CHECK(duration(840 * ms) == "840ms");
    CHECK(duration(2 * s + 900 * ms) == "2s");
    CHECK(duration(59 * s) == "59s");
    CHECK(duration(60 * s) == "1m0s");
    CHECK(duration(312 * s) == "5m12s");
    CHECK(duration(11'520 * s) == "3h12m");
    CHECK(duration((4 * 86'400 + 3 * 3'600 + 59) * s) == "4d3h");
    CHECK(duration(~std::uint64_t{0}) == "213,503d23h");
    CHECK(duration(std::optional<std::uint64_t>{}) == "?");
}

TEST_CASE("a range whose ends read the same is one duration") {
    CHECK(duration_range(2 * s, 312 * s) == "2s - 5m12s");
    CHECK(duration_range(2 * s, 2 * s + 500 * ms) == "2s");
}

TEST_CASE("sizes are in binary units with one decimal") {
    CHECK(size(std::uint64_t{512}) == "512 B");
    CHECK(size(std::uint64_t{25'270'682}) == "24.1 MiB");
    CHECK(size((std::uint64_t{1} << 20) - 1) == "1.0 MiB");
    CHECK(size(std::uint64_t{3} << 40) == "3.0 TiB");
    CHECK(size(std::uint64_t{5'000} << 40) == "5000.0 TiB");
    CHECK(size(std::optional<std::uint64_t>{}) == "?");
}

TEST_CASE("small trends keep a decimal, unknown ones are not 0") {
    CHECK(trend(12.0) == "+12/min");
    CHECK(trend(-3.0) == "-3/min");
    CHECK(trend(0.0) == "0/min");
    CHECK(trend(0.04) == "0/min");
    CHECK(trend(0.31) == "+0.3/min");
    CHECK(trend(-9.96) == "-10/min");
    CHECK(trend(1'234.5) == "+1,235/min");
    CHECK(trend(std::nullopt) == "?");
    CHECK(trend(std::numeric_limits<double>::quiet_NaN()) == "?");
}

TEST_CASE("a share is told in per cent") {
    CHECK(share(3, 1000) == "0.3 %");
    CHECK(share(994, 10'000) == "9.9 %");
    CHECK(share(995, 10'000) == "10 %");
    CHECK(share(310, 200) == "155 %");
    CHECK(share(std::nullopt, 5) == "? %");
    CHECK(share(1, 0) == "? %");
    CHECK(share(1, std::nullopt) == "? %");
}
