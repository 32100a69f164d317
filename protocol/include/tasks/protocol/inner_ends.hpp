// What only the process itself can bring about: by that one tells that all its tasks are asleep for ever. Whatever may
// come from outside keeps a process awake. Pure; any thread, also in the agent.
#pragma once

#include <array>
#include <cstdint>

#include <tasks/protocol/vocabulary.hpp>

namespace tasks::protocol {

/// What a tasks::Wait says that another task of the process ends.
constexpr bool ended_inside(WaitReason reason) noexcept {
    switch (reason) {
    case WaitReason::chan_send:
    case WaitReason::chan_receive:
    case WaitReason::select:
    case WaitReason::mutex:
    case WaitReason::rwlock_read:
    case WaitReason::rwlock_write:
    case WaitReason::cond:
    case WaitReason::semaphore:
    case WaitReason::barrier:
    case WaitReason::join:
    case WaitReason::future:
    case WaitReason::futex:
    case WaitReason::await:
    case WaitReason::nil:
    case WaitReason::job_queue:
    case WaitReason::once:
        return true;
    default:
        return false;
    }
}

constexpr std::uint64_t signal_bit(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

/// Of signals that have handlers (bit N-1 is signal N) those that others send: the rest only what the process itself
/// does raises, or they are glibc's own use of 32 and 33.
constexpr std::uint64_t sent_from_outside(std::uint64_t caught) noexcept {
    for (const int signal : std::array{4, 5, 6, 7, 8, 11, 13, 31, 32, 33})
        caught &= ~signal_bit(signal);
    return caught;
}

} // namespace tasks::protocol
