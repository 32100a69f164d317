// The frames that were found, as the finding of chains needs them: where each begins and ends, where its promise is,
// and which other frames its words point to. Value types.
#pragma once

#include <cstdint>
#include <vector>

namespace tasks::inspect {

/// A word of a frame that points to another one.
struct FrameEdge {
    enum class To : std::uint8_t { frame, promise, inside };

    std::uint32_t offset = 0; ///< of the word, in its frame
    std::uint32_t frame = 0;  ///< number of the other
    To to = To::frame;
    std::uint32_t at = 0; ///< To::inside: offset in the other

    bool operator==(const FrameEdge&) const = default;
};

struct FrameNode {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    std::uint32_t promise = 0;     ///< offset
    std::uint32_t promise_end = 0; ///< offset; 0: not known
    std::uint64_t index = 0;       ///< the suspend index
    std::uint64_t mark = 0;        ///< of the bytes that were read; 0: one look alone
    bool firm_size = false;        ///< `bytes` is known, not assumed
    bool has_index = false;
    bool has_self_handle = false;
    bool finished = false;
    bool own_chunk = false;            ///< the heap's own headers tell that it was allocated by itself
    bool promise_is_guess = false;     ///< its end is not told by debug information
    bool elided = false;               ///< it was not allocated by itself: it is a part of another frame
    std::vector<FrameEdge> edges;      ///< by offset
    std::vector<std::uint32_t> selves; ///< offsets of words that have its own address, the self handle apart

    std::uint64_t end() const noexcept { return address + bytes; }
    bool in_promise(std::uint32_t offset) const noexcept { return offset >= promise && offset < promise_end; }
};

} // namespace tasks::inspect
