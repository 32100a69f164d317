#include "capture/profile_text.hpp"

#include <catch2/catch.hpp>

using namespace tasks::inspect::profile;

TEST_CASE("fields of a profile's line are two blanks apart") {
    CHECK(fields_of("  at libc.so.6+0x1  pc 0x2") == std::vector<std::string_view>{"at libc.so.6+0x1", "pc 0x2"});
    CHECK(fields_of("end") == std::vector<std::string_view>{"end"});
    CHECK(fields_of("").empty());
    CHECK(fields_of("    ").empty());
    CHECK(fields_of("a  " + std::string(200, 'b')).size() == 2);
    std::string many;
    for (int i = 0; i < 1000; ++i) {
        many += "x  ";
    }
    CHECK(fields_of(many).size() == max_fields);
}

TEST_CASE("a profile's texts are unescaped") {
    CHECK(unescaped("charge card") == "charge card");
    CHECK(unescaped("-").empty());
    CHECK(unescaped("\\x2d") == "-");
    CHECK(unescaped("a\\x20\\x20b") == "a  b");
    CHECK(unescaped("\\x1b[31m") == "\x1b[31m");
    CHECK(unescaped("\\x") == "\\x");
    CHECK(unescaped("\\x2") == "\\x2");
    CHECK(unescaped("\\xzz") == "\\xzz");
    CHECK(unescaped(std::string(10'000, 'a')).size() == 4096);
}

TEST_CASE("a profile's durations are read to the millisecond") {
    CHECK(duration("0.000s") == 0);
    CHECK(duration("4.005s") == 4'005'000'000);
    CHECK(duration("5m12.104s") == 312'104'000'000);
    CHECK(duration("1d2h3m4.005s") == (86'400 + 7'200 + 180 + 4) * 1'000'000'000ull + 5'000'000);
    CHECK(duration("2h0.001s") == 7'200'001'000'000);
}

TEST_CASE("what is no duration is none") {
    for (const auto* wrong : {"",
                              "s",
                              "5",
                              "5s",
                              "5.1s",
                              "5.1234s",
                              "5.12xs",
                              "-1.000s",
                              "1m",
                              "m1.000s",
                              "1x1.000s",
                              "1m2h3.000s",
                              " 1.000s",
                              "1.000s ",
                              "1.+00s",
                              "1d-1h1.000s",
                              "18446744073709551616.000s",
                              "18446744073.709s",
                              "213503982334602d0.000s",
                              "213503d99999999999999999h0.000s"}) {
        INFO(wrong);
        CHECK_FALSE(duration(wrong));
    }
}

TEST_CASE("a profile's bytes come back from base64") {
    CHECK(from_base64("") == "");
    CHECK(from_base64("AAECAwQFBgcI") == std::string("\0\1\2\3\4\5\6\7\10", 9));
    CHECK(from_base64("Zg==") == "f");
    CHECK(from_base64("Zm8=") == "fo");
    CHECK(from_base64("/+8=") == "\xff\xef");
    for (const auto* wrong : {"A", "AA", "AAA", "AAAAA", "AA=A", "====", "A===", "AA*A", "AA A"}) {
        INFO(wrong);
        CHECK_FALSE(from_base64(wrong));
    }
}

TEST_CASE("numbers of a profile fill their field") {
    CHECK(number("12") == 12);
    CHECK(number("0x1f") == 0x1f);
    CHECK(number("0xffffffffffffffff") == ~0ull);
    for (const auto* wrong : {"", "0x", "-1", "+1", "1 ", " 1", "1x", "0xg", "18446744073709551616"}) {
        INFO(wrong);
        CHECK_FALSE(number(wrong));
    }
    std::uint32_t small = 7;
    CHECK_FALSE(take_number("4294967296", small));
    CHECK(small == 7);
    CHECK(take_number("4294967295", small));
    CHECK(small == 4'294'967'295);
    CHECK(from_hexadecimal("9fA3") == "\x9f\xa3");
    CHECK_FALSE(from_hexadecimal("9f3"));
}
