// The memory of this process as the look for coroutine frames reads it: by the kernel's copy, so that what is unmapped
// meanwhile is a short read. What was read before lies in buffers that are our own memory too: a copy of a frame there
// is none. One object a look, used by the two threads of it at once.
#pragma once

#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "capture/process_memory.hpp"
#include "capture/world.hpp"
#include "coroutines/memory_range.hpp"

namespace tasks::leaks {

/// Any memory of ours: how many bytes came, up to the first page that could not be read.
std::size_t copy_own(std::uint64_t address, std::span<char> into);

class OwnMemory final : public inspect::ProcessMemory {
public:
    /// The buffers that it has filled read as zeros.
    std::size_t read(std::uint64_t address, std::span<char> into) const override;

private:
    void blank_buffers(std::uint64_t address, std::span<char> into) const;

    mutable std::mutex mutex_;
    mutable std::vector<std::span<char>> buffers_;
};

/// What was ever written of what this process may write; empty: /proc does not tell.
std::vector<inspect::MemoryRange> own_written_memory(const inspect::World& world);

} // namespace tasks::leaks
