// The frame: a 16-byte little-endian header and a payload, as SPEC.md says it.
//     magic "TSK1" | u32 payload length | u16 type | u16 flags | u32 request id
// FrameDecoder turns a stream of bytes, cut anywhere, into frames. It believes no length: one over the cap
// is an error before a byte is allocated. No I/O here; one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tasks/protocol/result.hpp>

namespace tasks::protocol {

inline constexpr std::size_t header_bytes = 16;
inline constexpr std::size_t max_payload_bytes = 1u << 20; ///< of one frame; longer answers are several frames
inline constexpr std::array<char, 4> frame_magic{'T', 'S', 'K', '1'};

enum class MessageType : std::uint16_t {
    hello = 1,
    welcome = 2,
    error = 3,
    vitals_request = 16,
    vitals_answer = 17,
    counts_request = 18,
    counts_answer = 19,
    tasks_request = 20,
    tasks_answer = 21,
    stacks_request = 22,
    stacks_answer = 23,
};

inline constexpr std::uint16_t flag_more = 1; ///< further frames of the same answer follow

struct FrameHeader {
    std::uint32_t payload_bytes = 0;
    std::uint16_t type = 0;
    std::uint16_t flags = 0;
    std::uint32_t request_id = 0;

    bool more() const noexcept { return (flags & flag_more) != 0; }
};

/// Writes the header's 16 bytes.
void write_header(const FrameHeader& header, std::span<char, header_bytes> out) noexcept;

/// The header in those 16 bytes; nothing where the magic is wrong.
std::optional<FrameHeader> read_header(std::span<const char, header_bytes> bytes) noexcept;

/// A whole frame as bytes. `payload` must be at most max_payload_bytes.
std::string frame_bytes(MessageType type, std::uint16_t flags, std::uint32_t request_id, std::string_view payload);

struct Frame {
    FrameHeader header;
    std::string payload;
};

/// Why a stream cannot be read on. The connection is to be closed.
enum class FrameError { bad_magic, payload_too_long };

/// What the error means, as the end of a sentence about the peer.
std::string_view sentence(FrameError error) noexcept;

/// Collects bytes and hands out frames. Memory: at most one header and one payload of `max_payload` bytes,
/// reserved only when its header was accepted.
class FrameDecoder {
public:
    explicit FrameDecoder(std::size_t max_payload = max_payload_bytes) noexcept : max_payload_(max_payload) {}

    /// Takes as many of the bytes as the present frame needs; returns how many were taken. Takes none after an
    /// error, and none while a finished frame waits in next().
    Result<std::size_t, FrameError> feed(std::span<const char> bytes);

    /// The finished frame, once.
    std::optional<Frame> next();

    /// True in the middle of a frame: an end of stream here is a truncated answer.
    bool in_frame() const noexcept { return header_filled_ != 0; }

private:
    std::size_t take_header(std::span<const char> bytes);

    std::size_t max_payload_;
    std::array<char, header_bytes> header_{};
    std::size_t header_filled_ = 0;
    Frame frame_;
    bool finished_ = false;
    std::optional<FrameError> error_;
};

} // namespace tasks::protocol
