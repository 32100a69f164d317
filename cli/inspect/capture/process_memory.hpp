// The memory of a process that is looked at: of one that lives, of a core file, of a saved snapshot. What comes from it
// may be any bytes. Reading is bounded by the caller; any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "capture/file_descriptor.hpp"
#include "capture/memory_watch.hpp"

namespace tasks::inspect {

/// A piece of memory, one of many that are read at once.
struct MemoryPart {
    std::uint64_t address = 0;
    std::size_t bytes = 0;
    std::size_t got = 0; ///< of them, up to the first that could not be read
};

class ProcessMemory {
public:
    virtual ~ProcessMemory() = default;

    /// How many bytes from `address` on could be read, up to the first that could not.
    virtual std::size_t read(std::uint64_t address, std::span<char> into) const = 0;

    /// Fills in `got` of each; `into` has room for all their bytes, where each part begins behind the whole one before.
    virtual void read_parts(std::span<MemoryPart> parts, std::span<char> into) const {
        for (auto& part : parts) {
            part.got = read(part.address, into.first(part.bytes));
            into = into.subspan(part.bytes);
        }
    }

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
        thread_local std::vector<char> own; // gigabytes go through it: made once
        if (own.size() < into.size())
            own.resize(into.size());
        const iovec remote{reinterpret_cast<void*>(address), into.size()};
        const auto got = read_memory(pid_, {&remote, 1}, {own.data(), into.size()});
        std::memcpy(into.data(), own.data(), got);
        return got;
    }

private:
    pid_t pid_;
};

/// Likewise, through /proc/PID/mem: who may read is asked when that is opened (PTRACE_MODE_ATTACH), so one that was
/// opened as root reads on when root was given up. What is large is read through process_vm_readv(2) where that may be,
/// which takes two thirds of the time. Reads into memory of the watched thread alone.
class MemoryFile final : public ProcessMemory {
public:
    /// `pid` 0: not known.
    explicit MemoryFile(FileDescriptor file, std::uint32_t pid = 0)
        : file_(std::move(file)), pid_(static_cast<pid_t>(pid)) {}

    std::size_t read(std::uint64_t address, std::span<char> into) const override {
        if (pid_ != 0 && into.size() >= large) {
            const iovec remote{reinterpret_cast<void*>(address), into.size()};
            if (const auto got = read_memory(pid_, {&remote, 1}, into))
                return got;
        }
        return read_memory_file(file_.get(), address, into);
    }

    /// In one system call, where all can be read.
    void read_parts(std::span<MemoryPart> parts, std::span<char> into) const override {
        std::size_t bytes = 0;
        std::vector<iovec> remote;
        for (const auto& part : parts) {
            remote.push_back({reinterpret_cast<void*>(part.address), part.bytes});
            bytes += part.bytes;
        }
        if (pid_ == 0 || parts.size() > most_parts || read_memory(pid_, remote, into.first(bytes)) != bytes) {
            ProcessMemory::read_parts(parts, into);
            return;
        }
        for (auto& part : parts) {
            part.got = part.bytes;
        }
    }

private:
    static constexpr std::size_t large = 512;
    static constexpr std::size_t most_parts = 1024; // IOV_MAX

    FileDescriptor file_;
    pid_t pid_;
};

} // namespace tasks::inspect
