// Follows the frame table from one set of registers outwards until the thread's root, the end of the copied bytes, or
// a register that is not known. Always ends: after the first frame each step moves the stack pointer up, and a signal
// frame counts against the frame limit. Refers to the FrameTable it was made with. One thread at a time.
#pragma once

#include <cstddef>

#include "unwind/frame_table.hpp"
#include "unwind/registers.hpp"
#include "unwind/trace.hpp"

namespace tasks::inspect {

struct Walk {
    enum class End : std::uint8_t {
        root,
        frame_limit,
        unknown_register, ///< `number`; registers are those of the last frame
        bytes_end,        ///< what is needed lies right after the copied bytes
        lost,             ///< what is needed lies elsewhere, or the rules make no sense
    };
    Registers registers; ///< of the last frame
    Trace trace;
    End end = End::lost;
    unsigned number = 0;
    std::uint64_t address = 0; ///< not copied; 0: none
    bool by_table = true;      ///< every frame had a row
};

/// `walk.registers` are those of the next frame, which is put behind the frames already in `walk.trace`.
void walk_outwards(FrameTable& table, const StackBytes& stack, bool exact, std::size_t most_frames, Walk& walk);

} // namespace tasks::inspect
