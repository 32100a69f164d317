// A piece of a process's memory to look for coroutine frames in. Value type.
#pragma once

#include <cstdint>

namespace tasks::inspect {

struct MemoryRange {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    bool is_stack = false;         ///< of a thread: words lie about there that look like a frame
    std::uint64_t mapping_end = 0; ///< of what this is a part of; 0: it ends there itself
};

} // namespace tasks::inspect
