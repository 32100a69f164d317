#include <tasks/protocol/frame.hpp>

#include <algorithm>
#include <cassert>

#include "little_endian.hpp"

namespace tasks::protocol {

void write_header(const FrameHeader& header, std::span<char, header_bytes> out) noexcept {
    std::copy(frame_magic.begin(), frame_magic.end(), out.begin());
    store_little_endian(header.payload_bytes, &out[4]);
    store_little_endian(header.type, &out[8]);
    store_little_endian(header.flags, &out[10]);
    store_little_endian(header.request_id, &out[12]);
}

std::optional<FrameHeader> read_header(std::span<const char, header_bytes> bytes) noexcept {
    if (!std::equal(frame_magic.begin(), frame_magic.end(), bytes.begin()))
        return std::nullopt;
    FrameHeader header;
    header.payload_bytes = load_little_endian<std::uint32_t>(&bytes[4]);
    header.type = load_little_endian<std::uint16_t>(&bytes[8]);
    header.flags = load_little_endian<std::uint16_t>(&bytes[10]);
    header.request_id = load_little_endian<std::uint32_t>(&bytes[12]);
    return header;
}

std::string frame_bytes(MessageType type, std::uint16_t flags, std::uint32_t request_id, std::string_view payload) {
    assert(payload.size() <= max_payload_bytes);
    std::array<char, header_bytes> header{};
    write_header({static_cast<std::uint32_t>(payload.size()), static_cast<std::uint16_t>(type), flags, request_id},
                 header);
    std::string bytes;
    bytes.reserve(header.size() + payload.size());
    bytes.append(header.data(), header.size()).append(payload);
    return bytes;
}

std::string_view sentence(FrameError error) noexcept {
    switch (error) {
    case FrameError::bad_magic:
        return "sent bytes that are no frame of this protocol (no \"TSK1\" where a frame should begin)";
    case FrameError::payload_too_long:
        return "announced a frame that is longer than this protocol allows";
    }
    return "sent bytes that cannot be read";
}

} // namespace tasks::protocol
