#include <tasks/protocol/frame.hpp>

#include <algorithm>
#include <vector>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

constexpr std::size_t cap = 4096;

struct Decoded {
    std::vector<protocol::Frame> frames;
    bool failed = false;
    bool in_frame = false;
};

Decoded decode(std::span<const char> bytes, std::size_t piece) {
    protocol::FrameDecoder decoder{cap};
    Decoded result;
    while (!bytes.empty() && !result.failed) {
        const auto taken = decoder.feed(bytes.first(std::min(piece, bytes.size())));
        result.failed = !taken;
        if (!taken)
            break;
        auto frame = decoder.next();
        must(*taken > 0 || frame, "each call takes bytes or gives a frame");
        bytes = bytes.subspan(*taken);
        if (frame)
            result.frames.push_back(std::move(*frame));
    }
    result.in_frame = decoder.in_frame();
    return result;
}

} // namespace

void frame_decoder(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return;
    const std::span bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    const auto whole = decode(bytes, bytes.size());
    const auto pieces = decode(bytes, data[0] % 31u + 1);
    must(whole.failed == pieces.failed, "an error does not depend on the pieces");
    must(whole.failed || whole.in_frame == pieces.in_frame, "the end's place does not depend on the pieces");
    must(whole.frames.size() == pieces.frames.size(), "the number of frames does not depend on the pieces");
    std::size_t total = 0;
    for (std::size_t i = 0; i < whole.frames.size(); ++i) {
        const auto& frame = whole.frames[i];
        must(frame.payload == pieces.frames[i].payload, "payloads do not depend on the pieces");
        must(frame.payload.size() == frame.header.payload_bytes && frame.payload.size() <= cap,
             "payloads keep the cap");
        total += protocol::header_bytes + frame.payload.size();
    }
    must(total <= bytes.size(), "frames hold no more bytes than came");
}

} // namespace tasks::fuzz
