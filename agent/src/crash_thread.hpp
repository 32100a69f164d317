// The thread that a signal struck, as the signal found it: all registers, and more of its stack than of others. In the
// signal's handler; async-signal-safe.
#pragma once

#include <ucontext.h>

#include <cstdint>
#include <span>

#include <tasks/protocol/messages.hpp>

namespace tasks::agent {

/// The stack is copied into `memory`, to which the answer refers; pages below one that overflowed stand as zeros.
protocol::ThreadStack struck_thread(const ucontext_t& context, std::uint32_t tid, std::uint64_t taken_ns,
                                    std::span<char> memory) noexcept;

} // namespace tasks::agent
