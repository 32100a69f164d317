// What became of one thread that ran and was asked for its registers and stack, by whichever way. Value.
#pragma once

#include <cstdint>
#include <string>

#include "capture/running_registers.hpp"

namespace tasks::inspect {

struct RunningSample {
    enum class Outcome : std::uint8_t {
        unanswered, ///< it got no processor, or did not leave the kernel, in time
        captured,
        blocked, ///< it blocked before it could be asked, and was left alone
        settled, ///< it was captured while it was blocked
        ended,
        refused, ///< `error` tells why
        foreign, ///< it runs code of another kind of machine: 32-bit
    };

    std::uint32_t tid = 0; ///< as we see it
    Outcome outcome = Outcome::unanswered;
    bool stack_cut = false; ///< there is more stack than was copied
    int error = 0;          ///< errno of refused
    std::uint64_t taken_at_ns = 0;
    RunningRegisters registers{};
    std::string stack; ///< from the stack pointer upwards
};

} // namespace tasks::inspect
