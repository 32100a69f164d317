// Every golden frame cut at every byte, with every byte changed in several ways: each gives a value or an error.
// Crashes, hangs and reads past the end are what the sanitizer builds look for here: payloads are copied to memory
// of exactly their size.
#include <tasks/protocol/messages.hpp>

#include <memory>

#include <catch2/catch.hpp>

#include "vector_file.hpp"

using namespace tasks::protocol;
using namespace tasks::protocol::tests;

namespace {

// How many of the readers accept the payload. The right one for the frame is among them.
int accepted_by_all_readers(std::string_view payload) {
    const auto exact = std::make_unique<char[]>(payload.size());
    payload.copy(exact.get(), payload.size());
    const std::string_view view{exact.get(), payload.size()};
    const auto count = [](const auto& result) {
        if (!result)
            CHECK_FALSE(result.error().sentence.empty());
        return result ? 1 : 0;
    };
    return count(read<Hello>(view)) + count(read<Welcome>(view)) + count(read<ErrorAnswer>(view)) +
           count(read<VitalsRequest>(view)) + count(read<VitalsAnswer>(view)) + count(read<CountsRequest>(view)) +
           count(read<CountsAnswer>(view)) + count(read<TasksRequest>(view)) + count(read<TasksAnswer>(view)) +
           count(read<StacksRequest>(view)) + count(read<StacksAnswer>(view));
}

// Feeds the bytes one by one; the frames that come out are read by every reader.
void decode_whole(std::string_view bytes) {
    FrameDecoder decoder;
    for (const char byte : bytes) {
        if (!decoder.feed({&byte, 1}))
            return;
        if (const auto frame = decoder.next())
            accepted_by_all_readers(frame->payload);
    }
}

} // namespace

TEST_CASE("every truncation of a golden frame is no whole frame, and its payload a value or an error") {
    for (const auto& file : all_vectors()) {
        CAPTURE(file.name);
        for (std::size_t length = 0; length < file.bytes.size(); ++length) {
            FrameDecoder decoder;
            REQUIRE(decoder.feed(std::span{file.bytes.data(), length}));
            CHECK_FALSE(decoder.next());
            if (length > header_bytes)
                accepted_by_all_readers(std::string_view{file.bytes}.substr(header_bytes, length - header_bytes));
        }
        CHECK(accepted_by_all_readers(std::string_view{file.bytes}.substr(header_bytes)) > 0);
    }
}

TEST_CASE("every changed byte of a golden frame gives a value or an error") {
    for (const auto& file : all_vectors()) {
        CAPTURE(file.name);
        for (std::size_t place = 0; place < file.bytes.size(); ++place)
            for (const int change : {0x01, 0x80, 0xff, 0x07, 0x78}) {
                auto bytes = file.bytes;
                bytes[place] = static_cast<char>(bytes[place] ^ change);
                decode_whole(bytes);
                if (place >= header_bytes)
                    accepted_by_all_readers(std::string_view{bytes}.substr(header_bytes));
            }
    }
}

TEST_CASE("every length in a golden frame understated or overstated gives a value or an error") {
    for (const auto& file : all_vectors())
        for (std::size_t place = header_bytes; place < file.bytes.size(); ++place)
            for (const int length : {0, 1, 2, 5, 20, 60, 126, 127}) {
                auto bytes = file.bytes;
                bytes[place] = static_cast<char>(length);
                accepted_by_all_readers(std::string_view{bytes}.substr(header_bytes));
            }
}
