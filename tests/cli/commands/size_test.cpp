#include "commands/size.hpp"

#include <catch2/catch.hpp>

namespace tasks::commands {

TEST_CASE("sizes are numbers of bytes, or of a power of 1,024") {
    CHECK(parse_size("1") == 1u);
    CHECK(parse_size("4096") == 4096u);
    CHECK(parse_size("3K") == 3072u);
    CHECK(parse_size("500M") == 500u << 20);
    CHECK(parse_size("8G") == 8ull << 30);
    CHECK(parse_size("8GiB") == 8ull << 30);
    CHECK(parse_size("16777215T") == 16777215ull << 40);
}

TEST_CASE("what is no size is refused") {
    for (const char* text :
         {"", "0", "0G", "G", "-1", "8g", "8GB", "8iB", "8 G", "1.5G", "16777216T", "8GG", "99999999999999999999"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_size(text));
    }
}

} // namespace tasks::commands
