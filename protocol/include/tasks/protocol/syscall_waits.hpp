// What a thread that is blocked in a system call waits for: x86-64's numbers and their arguments.
// Numbers: arch/x86/entry/syscalls/syscall_64.tbl of Linux; futex operations: linux/futex.h. They are of the target,
// not of the machine that reads, so no <sys/syscall.h> here. Pure function, any thread.
#pragma once

#include <array>
#include <cstdint>

#include <tasks/protocol/vocabulary.hpp>

namespace tasks::protocol {

/// The reason that a system call blocks for; `unknown` for one that the table does not have, and for number -1 (blocked
/// in no system call, such as a page fault). A futex is `futex` unless its operation says more: which primitive of the
/// C library stands behind it only the stack tells.
WaitReason wait_of_syscall(std::int32_t number, const std::array<std::uint64_t, 6>& arguments) noexcept;

} // namespace tasks::protocol
