// The memory of a process that is looked at: of one that lives, of a core file, of a saved snapshot. What comes from it
// may be any bytes. Reading is bounded by the caller; one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "capture/memory_watch.hpp"

namespace tasks::inspect {

class ProcessMemory {
public:
    virtual ~ProcessMemory() = default;

    /// How many bytes from `address` on could be read, up to the first that could not.
    virtual std::size_t read(std::uint64_t address, std::span<char> into) const = 0;

    /// False: not all of it is there.
    template <class Value> bool read_value(std::uint64_t address, Value& into) const {
        return read(address, {reinterpret_cast<char*>(&into), sizeof into}) == sizeof into;
    }
};

/// Of a process that lives, through process_vm_readv(2): nothing is stopped. A read can hang its thread for ever, so it
/// is for MemoryWatch::run(); the bytes pass through memory of that thread, as `into` may be gone when a late one ends.
class LiveMemory final : public ProcessMemory {
public:
    explicit LiveMemory(std::uint32_t pid) noexcept : pid_(static_cast<pid_t>(pid)) {}

    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        std::string own(into.size(), '\0');
        const iovec remote{reinterpret_cast<void*>(address), own.size()};
        return own.copy(into.data(), read_memory(pid_, {&remote, 1}, own));
    }

private:
    pid_t pid_;
};

} // namespace tasks::inspect
