// The mark that each living frame of `torture` holds, as torn_stacks looks for it. In an exact copy of the stack of a
// thread that sleeps at the bottom, all marks are of one descent, their depths count down from its bottom to 0, lowest
// address first, and the lowest lies just above the stack pointer.
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
    std::uint64_t bottom; ///< the depth that this descent goes to
};

} // namespace targets
