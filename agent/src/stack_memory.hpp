// How much memory the stacks of this process's threads occupy: resident pages between the low end of the mapping
// that a stack lies in and the thread's own block at its top (see thread_block), for running threads too. The main
// thread's is the mapping "[stack]". Pages are counted by mincore. 1,000 threads: about 3 ms.
// Rejected: /proc/self/smaps (70 ms at 1,000 threads), the sp in `syscall` (not told of threads that run).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tasks::agent {

/// More threads than this would take more than 10 ms.
inline constexpr std::size_t max_stacks_measured = 4096;

struct StackMemoryBuffers {
    std::span<char> text;          ///< for the lines of maps
    std::span<std::uint64_t> tops; ///< as many as there are threads
};

/// Nothing where a thread's stack could not be found (another libc), or /proc could not be read.
std::optional<std::uint64_t> resident_stack_bytes(int task_directory, std::uint32_t agent_tid,
                                                  std::span<const std::uint32_t> tids,
                                                  const StackMemoryBuffers& buffers) noexcept;

} // namespace tasks::agent
