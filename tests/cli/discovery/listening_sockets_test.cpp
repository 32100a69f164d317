#include "discovery/listening_sockets.hpp"

#include <catch2/catch.hpp>

using tasks::discovery::parse_listening;

TEST_CASE("sockets named as agents name theirs are found, others are not") {
    const auto found =
        parse_listening("Num       RefCount Protocol Flags    Type St Inode Path\n"
                        "0000000000000000: 00000002 00000000 00010000 0001 01 35061 /run/payments/12-345.sock\n"
                        "0000000000000000: 00000002 00000000 00010000 0001 01 35062 /proc/self/fd/5/13-346.sock\n"
                        "0000000000000000: 00000003 00000000 00000000 0001 03 35063 /run/payments/14-347.sock\n"
                        "0000000000000000: 00000002 00000000 00010000 0001 01 35064 /run/docker.sock\n"
                        "0000000000000000: 00000002 00000000 00010000 0001 01 35065 @/15-348.sock\n"
                        "0000000000000000: 00000002 00000000 00010000 0001 01 35066\n"
                        "0000000000000000: 00000002 00000000 00010000 0001 01 35067 /a b/c d/16-349.sock");
    REQUIRE(found.size() == 4);
    CHECK(found[0].inner_pid == 12);
    CHECK(found[0].start_time_ticks == 345);
    CHECK(found[0].directory == "/run/payments");
    CHECK(found[1].inner_pid == 13);
    CHECK(found[1].directory.empty()); // bound through an open directory
    CHECK(found[2].directory.empty()); // an abstract one
    CHECK(found[3].directory == "/a b/c d");
}

TEST_CASE("lines that are cut anywhere are passed over or read") {
    const std::string line = "0000000000000000: 00000002 00000000 00010000 0001 01 35061 /run/payments/12-345.sock";
    for (std::size_t length = 0; length < line.size(); ++length) {
        CHECK(parse_listening(line.substr(0, length)).empty());
    }
    for (std::size_t start = 0; start < line.size(); ++start) {
        CHECK(parse_listening(line.substr(start)).size() <= 1);
    }
}
