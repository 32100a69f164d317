// The written parts of a process's memory in one question a range (PAGEMAP_SCAN, Linux 6.7): the 20 TiB that an address
// sanitizer reserves take 4 ms, and 16 s by the words of /proc/PID/pagemap. No state; any thread; stops nothing.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "coroutines/memory_range.hpp"

namespace tasks::inspect {

/// As written_parts() has them. `pagemap`: an open /proc/PID/pagemap. nullopt: the kernel does not know the question.
std::optional<std::vector<MemoryRange>> scan_written_parts(int pagemap, std::span<const MemoryRange> ranges);

} // namespace tasks::inspect
