#include <tasks/protocol/frame.hpp>

#include <algorithm>
#include <vector>

#include <catch2/catch.hpp>

using namespace tasks::protocol;
using tasks::Result;

namespace {

std::string frame(std::string_view payload, std::uint32_t request_id = 1) {
    return frame_bytes(MessageType::tasks_answer, 0, request_id, payload);
}

Result<std::size_t, FrameError> feed(FrameDecoder& decoder, std::string_view bytes) {
    return decoder.feed({bytes.data(), bytes.size()});
}

// The frames in those bytes when they come in pieces of that size; stops at an error.
std::vector<Frame> decoded(FrameDecoder& decoder, std::string_view bytes, std::size_t piece) {
    std::vector<Frame> frames;
    while (!bytes.empty()) {
        const auto taken = feed(decoder, bytes.substr(0, piece));
        if (!taken)
            return frames;
        bytes.remove_prefix(*taken);
        if (auto next = decoder.next())
            frames.push_back(std::move(*next));
    }
    return frames;
}

std::string header_with_length(std::uint32_t length) {
    std::string bytes(header_bytes, '\0');
    write_header({.payload_bytes = length, .type = 1}, std::span<char, header_bytes>{bytes.data(), header_bytes});
    return bytes;
}

} // namespace

TEST_CASE("a stream gives the same frames however it is cut") {
    const auto stream = frame("first", 1) + frame("", 2) + frame(std::string(5000, 'x'), 3);
    for (const std::size_t piece : {1u, 2u, 3u, 15u, 16u, 17u, 21u, 4096u, 100000u}) {
        CAPTURE(piece);
        FrameDecoder decoder;
        const auto frames = decoded(decoder, stream, piece);
        REQUIRE(frames.size() == 3);
        CHECK(frames[0].payload == "first");
        CHECK(frames[1].payload.empty());
        CHECK(frames[2].payload == std::string(5000, 'x'));
        CHECK(frames[2].header.request_id == 3);
        CHECK_FALSE(decoder.in_frame());
    }
}

TEST_CASE("an end of stream inside a frame can be told from one between frames") {
    const auto bytes = frame("payload");
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        FrameDecoder decoder;
        const auto frames = decoded(decoder, bytes.substr(0, length), 1);
        CHECK(frames.size() == (length == bytes.size() ? 1 : 0));
        CHECK(decoder.in_frame() == (length > 0 && length < bytes.size()));
    }
}

TEST_CASE("nothing is taken while a finished frame waits") {
    FrameDecoder decoder;
    const auto bytes = frame("one") + frame("two");
    const auto taken = feed(decoder, bytes);
    REQUIRE(taken);
    CHECK(*taken == header_bytes + 3);
    const auto again = feed(decoder, bytes);
    REQUIRE(again);
    CHECK(*again == 0);
    CHECK(decoder.next()->payload == "one");
    CHECK_FALSE(decoder.next());
}

TEST_CASE("a wrong magic is an error as soon as its first wrong byte came, and stays one") {
    for (const std::string_view bytes : {"G", "TG", "TSG", "TSK2"}) {
        FrameDecoder decoder;

        CHECK(feed(decoder, bytes.substr(0, bytes.size() - 1)));

        const auto taken = feed(decoder, bytes.substr(bytes.size() - 1));
        REQUIRE_FALSE(taken);
        CHECK(taken.error() == FrameError::bad_magic);
        const auto after = feed(decoder, frame("good"));
        REQUIRE_FALSE(after);
        CHECK_FALSE(decoder.next());
    }
}

TEST_CASE("a payload over the cap is refused from its header alone") {
    for (const std::uint32_t length : {static_cast<std::uint32_t>(max_payload_bytes) + 1, 0x7fffffffu, 0xffffffffu}) {
        FrameDecoder decoder;
        const auto taken = feed(decoder, header_with_length(length));
        REQUIRE_FALSE(taken);
        CHECK(taken.error() == FrameError::payload_too_long);
    }
    FrameDecoder decoder;
    CHECK(feed(decoder, header_with_length(max_payload_bytes)));
    CHECK(decoder.in_frame());
}

TEST_CASE("the cap can be smaller") {
    FrameDecoder decoder{8};
    CHECK(decoded(decoder, frame("12345678"), 1).size() == 1);
    CHECK(decoded(decoder, frame("123456789"), 1).empty());
    CHECK_FALSE(feed(decoder, frame("")));
}

TEST_CASE("an understated length makes the rest of the payload a bad frame") {
    auto bytes = frame("payload") + frame("next");
    for (char length = 0; length < 7; ++length) {
        CAPTURE(int{length});
        bytes[4] = length;
        FrameDecoder decoder;
        CHECK(decoded(decoder, bytes, 5).size() == 1);
        CHECK_FALSE(feed(decoder, bytes));
    }
}

TEST_CASE("an overstated length waits for bytes that the next frame then gives") {
    auto bytes = frame("payload");
    bytes[4] = 8;
    FrameDecoder decoder;
    CHECK(decoded(decoder, bytes, 3).empty());
    CHECK(decoder.in_frame());
    CHECK(decoded(decoder, "T", 1).front().payload == "payloadT");
}

TEST_CASE("each error is a sentence of its own") {
    CHECK(sentence(FrameError::bad_magic) != sentence(FrameError::payload_too_long));
    CHECK_FALSE(sentence(static_cast<FrameError>(99)).empty());
}
