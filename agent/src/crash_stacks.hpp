// Stacks for crashes: one for signal handlers in each thread that has none, so that a thread whose own stack overflowed
// can be dumped, and the one on which the dump is written, since the thread's may be small. A thread's is mapped when
// it is first known and unmapped at its end, by itself; a page that cannot be touched lies on either side.
#pragma once

#include <cstddef>

namespace tasks::agent {

/// The kernel's frame alone has 12 KiB where there are wide registers; the handler needs 2, the rest is for the handler
/// that was there before, which it calls.
inline constexpr std::size_t crash_stack_bytes = 64 * 1024;

/// Gives the calling thread a stack for signal handlers. Null: it has one, or there is no memory.
void* take_crash_stack() noexcept;
/// Takes it back, on the same thread; null: nothing. Left where it is if the host has put another in its place.
void give_crash_stack(void* memory) noexcept;

/// From now on each thread that binds to the registry is given one until it ends.
void want_crash_stacks() noexcept;

/// Runs `work` with the stack pointer at `top`.
void run_on_stack(void* top, void (*work)(void*), void* argument) noexcept;

} // namespace tasks::agent
