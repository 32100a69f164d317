// The ids of this process's threads, from /proc/self/task by getdents64 into memory of the caller: no allocation.
// On the agent's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "owned_fd.hpp"

namespace tasks::agent {

/// More threads than this are counted, not listed: at 12 us each their turn would not come before the deadline.
inline constexpr std::size_t max_listed_threads = 65536;

/// An fd of /proc/self/task, kept while the agent runs; everything about threads is opened below it, so that it
/// is right in any pid namespace and after a chroot. Empty: no /proc.
OwnedFd open_task_directory() noexcept;

/// Whether a thread of this process has that number; true also where the kernel does not say. Keeps nothing of errno.
bool thread_is_there(std::uint32_t tid) noexcept;

struct ThreadList {
    std::size_t listed = 0;
    std::size_t left_out = 0; ///< threads that `into` had no room for
    bool complete = false;    ///< false: /proc could not be read to the end
};

/// Writes the ids of all threads but `except` to `into`. `buffer` holds directory entries meanwhile: 4 KiB or more.
ThreadList list_threads(int task_directory, std::uint32_t except, std::span<std::uint32_t> into,
                        std::span<char> buffer) noexcept;

/// The address of a thread's own block, in which glibc keeps the list of robust mutexes that the kernel tells
/// (get_robust_list, 0.3 us, also of a running thread). It lies above every frame of the thread's stack, in the same
/// mapping; the main thread's lies elsewhere. 0: another libc has none; nothing: the thread is gone (errno ESRCH), or
/// it may not be asked.
std::optional<std::uint64_t> thread_block(std::uint32_t tid) noexcept;

} // namespace tasks::agent
