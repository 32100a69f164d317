// The mark that each living frame of `torture` holds, as torn_stacks looks for it. In an exact copy of a stack all
// marks are of one descent and their depths count down to 0 from the lowest address upwards.
#pragma once

#include <cstdint>

namespace targets {

inline constexpr std::uint64_t mark_begin = 0x6d61726b5f5f4141;
inline constexpr std::uint64_t mark_end = 0x42425f5f6b72616d;

struct Mark {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t descent; ///< number of the descent: the thread's number in the upper 24 bits
    std::uint64_t depth;
};

} // namespace targets
