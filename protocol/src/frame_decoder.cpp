#include <tasks/protocol/frame.hpp>

#include <algorithm>

namespace tasks::protocol {

Result<std::size_t, FrameError> FrameDecoder::feed(std::span<const char> bytes) {
    std::size_t taken = 0;
    if (error_)
        return Failure{*error_};
    if (finished_)
        return taken;
    if (header_filled_ < header_bytes) {
        taken = take_header(bytes);
        if (error_)
            return Failure{*error_};
        if (header_filled_ < header_bytes)
            return taken;
    }
    const auto rest = bytes.subspan(taken);
    const auto count = std::min(rest.size(), frame_.header.payload_bytes - frame_.payload.size());
    frame_.payload.append(rest.data(), count);
    if (frame_.payload.size() == frame_.header.payload_bytes) {
        finished_ = true;
        header_filled_ = 0;
    }
    return taken + count;
}

std::size_t FrameDecoder::take_header(std::span<const char> bytes) {
    const auto count = std::min(bytes.size(), header_bytes - header_filled_);
    std::copy_n(bytes.begin(), count, header_.begin() + static_cast<std::ptrdiff_t>(header_filled_));
    header_filled_ += count;
    // The magic is judged as far as it has come: a peer that speaks something else need not send 16 bytes of it.
    const auto judged = static_cast<std::ptrdiff_t>(std::min(header_filled_, frame_magic.size()));
    if (!std::equal(header_.begin(), header_.begin() + judged, frame_magic.begin())) {
        error_ = FrameError::bad_magic;
    } else if (header_filled_ == header_bytes) {
        frame_.header = *read_header(header_);
        if (frame_.header.payload_bytes > max_payload_)
            error_ = FrameError::payload_too_long;
        else
            frame_.payload.reserve(frame_.header.payload_bytes);
    }
    return count;
}

std::optional<Frame> FrameDecoder::next() {
    if (!finished_)
        return std::nullopt;
    finished_ = false;
    std::optional<Frame> frame{std::move(frame_)};
    frame_ = Frame{};
    return frame;
}

} // namespace tasks::protocol
