#include "render/clean.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using tasks::render::clean;
using tasks::render::cut_to;
using tasks::render::width;

TEST_CASE("plain text and valid UTF-8 stay as they are") {
    CHECK(clean("charge card") == "charge card");
    CHECK(clean("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    CHECK(clean("") == "");
}

TEST_CASE("control characters are written out") {
    CHECK(clean("a\x1b[31mb\n\t\x7f") == "a\\x1b[31mb\\x0a\\x09\\x7f");
    CHECK(clean(std::string_view("a\0b", 3)) == "a\\x00b");
    CHECK(clean("\xc2\x9b"
                "2J") == "\\u009b2J"); // C1: the eight-bit escape sequence
}

TEST_CASE("characters that reorder or hide text are written out") {
    CHECK(clean("\xe2\x80\xae"
                "exe.txt") == "\\u202eexe.txt");
    CHECK(clean("a\xe2\x80\x8b"
                "b") == "a\\u200bb");
    CHECK(clean("\xef\xbb\xbf"
                "a") == "\\ufeffa");
    CHECK(clean("a\xe2\x80\xa8"
                "b") == "a\\u2028b");
}

TEST_CASE("bytes that are not UTF-8 are written out one by one") {
    CHECK(clean("\xff"
                "a") == "\\xffa");
    CHECK(clean("\xc0\xaf") == "\\xc0\\xaf");                   // overlong
    CHECK(clean("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");          // overlong
    CHECK(clean("\xed\xa0\x80") == "\\xed\\xa0\\x80");          // surrogate
    CHECK(clean("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80"); // above U+10FFFF
    CHECK(clean("\xe2\x82") == "\\xe2\\x82");                   // cut short
    CHECK(clean("\x80") == "\\x80");
}

TEST_CASE("no byte string leaves a control character or invalid UTF-8 behind") {
    std::uint32_t seed = 1;
    for (int round = 0; round < 2'000; ++round) {
        std::string bytes(16, '\0');
        for (auto& byte : bytes) {
            seed = seed * 1664525 + 1013904223;
            byte = static_cast<char>(seed >> 24);
        }
        const auto cleaned = clean(bytes);
        CHECK(clean(cleaned) == cleaned);
        CHECK(std::none_of(cleaned.begin(), cleaned.end(), [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }));
    }
}

TEST_CASE("a cut name says that it is cut, between characters") {
    CHECK(cut_to("abcdef", 6) == "abcdef");
    CHECK(cut_to("abcdefg", 6) == "abc...");
    CHECK(cut_to("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 4) == "\xc3\xa9...");
    CHECK(width("\xc3\xa9\xe2\x82\xac"
                "a") == 3);
}
