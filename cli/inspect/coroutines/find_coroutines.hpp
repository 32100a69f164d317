// Finds every suspended coroutine of a process that nobody prepared for it, by its frame in memory; a process that
// lives, a core file or a saved one. Reads only, stops nothing. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "capture/process_memory.hpp"
#include "coroutines/coroutine_facts.hpp"
#include "coroutines/heap_chunks.hpp"
#include "coroutines/memory_range.hpp"
#include "unwind/module_map.hpp"

namespace tasks::inspect {

class AnalysisCache;

struct ScanOptions {
    std::uint64_t limit = 8ull << 30; ///< bytes to scan; the rest is counted as unscanned
    bool explain = true;              ///< false: to be counted: one look at each frame, and no values
    bool arguments = false;           ///< as text, in CoroutineFrame::values
    bool locals = false;
    /// Is told how many of how many bytes are scanned, some ten times a second; false: enough, the rest is unscanned.
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
    /// A clock for skew_ns; none: it stays 0.
    std::function<std::uint64_t()> now_ns;
    /// Tells of a frame in which piece of the heap it lies, where the heap's headers did not; none: nobody does.
    std::function<HeapPlace(std::uint64_t address)> place_of;
    /// What is known of functions from before, and to be kept for the next time; null: none.
    AnalysisCache* cache = nullptr;
};

/// `ranges`: private writable memory, in any order. The threads' stacks may be among them, marked.
CoroutineList find_coroutines(ModuleMap& modules, const ProcessMemory& memory, std::span<const MemoryRange> ranges,
                              const ScanOptions& options = {});

} // namespace tasks::inspect
