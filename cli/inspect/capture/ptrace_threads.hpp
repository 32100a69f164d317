// Registers and stack of threads that run, by holding each for some microseconds: PTRACE_SEIZE, PTRACE_INTERRUPT, copy,
// PTRACE_DETACH, of all that are asked at once and of no other. A child process does it, which dies by itself at the
// deadline, with us if we are killed, and is not stopped with us by ^Z: what it held then, the kernel lets go. So no
// thread stays stopped, and the caller never waits longer than the deadline.
// A thread that has blocked since it was seen running is left alone, or it might see EINTR.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "capture/deadline.hpp"
#include "capture/running_sample.hpp"

namespace tasks::inspect {

struct HoldAsked {
    std::string process_directory; ///< "/proc/12"
    std::size_t stack_bytes = 0;   ///< copied a thread
};

/// Asks those of `samples` that are unanswered. What does not answer stays so. 0, or the errno with which the child
/// could not be made.
int hold_and_copy(const HoldAsked& asked, std::span<RunningSample> samples, const Deadline& deadline);

} // namespace tasks::inspect
