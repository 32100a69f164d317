#include <tasks/protocol/frame.hpp>

#include <catch2/catch.hpp>

#include "vector_file.hpp"

using namespace tasks::protocol;
using namespace std::string_literals;

TEST_CASE("a header is sixteen bytes, little-endian, in the order of the specification") {
    std::array<char, header_bytes> bytes{};
    write_header({0x01020304, 0x0506, 0x0708, 0x090a0b0c}, bytes);
    CHECK(std::string(bytes.begin(), bytes.end()) == "TSK1\x04\x03\x02\x01\x06\x05\x08\x07\x0c\x0b\x0a\x09"s);
    const auto header = read_header(bytes);
    REQUIRE(header);
    CHECK(header->payload_bytes == 0x01020304);
    CHECK(header->type == 0x0506);
    CHECK(header->flags == 0x0708);
    CHECK(header->request_id == 0x090a0b0c);
}

TEST_CASE("no flipped bit of the magic is accepted") {
    std::array<char, header_bytes> good{};
    write_header({}, good);
    for (std::size_t bit = 0; bit < 32; ++bit) {
        auto bytes = good;
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(read_header(bytes));
    }
}

TEST_CASE("the flag MORE is the first bit alone") {
    CHECK(FrameHeader{.flags = 1}.more());
    CHECK(FrameHeader{.flags = 0xffff}.more());
    CHECK_FALSE(FrameHeader{.flags = 0xfffe}.more());
}

TEST_CASE("a frame is its header and its payload") {
    const auto bytes = frame_bytes(MessageType::error, flag_more, 7, "abc");
    CHECK(bytes == "TSK1\x03\0\0\0\x03\0\x01\0\x07\0\0\0abc"s);
}
