// Looks through memory for coroutine frames: two words, the functions that resume and destroy it, or 0 and the second
// where it has finished (coroutine ABI of g++ and clang alike). The allocator's own headers tell, where they can be
// followed, whether what was found is in use or left over. Reads only. Much memory is read by two threads, where the
// command may use as many processors: copying 1 GiB takes the kernel four times as long as going through it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "capture/process_memory.hpp"
#include "coroutines/code_addresses.hpp"
#include "coroutines/heap_chunks.hpp"
#include "coroutines/memory_range.hpp"

namespace tasks::inspect {

struct FoundFrame {
    std::uint64_t address = 0;
    CodeAddresses::Match match;
    bool on_stack = false;
    HeapPlace place; ///< in which piece of the heap it lies
};

struct ScanResult {
    std::vector<FoundFrame> frames; ///< by address; none lies in memory that the heap has freed
    std::uint64_t scanned_bytes = 0;
    std::uint64_t unscanned_bytes = 0;
    std::uint64_t freed = 0; ///< that lay in such memory
};

struct ScanBudget {
    std::uint64_t limit = 0; ///< bytes
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

ScanResult scan_for_frames(const CodeAddresses& code, const ProcessMemory& memory, std::span<const MemoryRange> ranges,
                           const ScanBudget& budget);

} // namespace tasks::inspect
