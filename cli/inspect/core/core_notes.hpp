// The notes of an x86-64 Linux core: threads with their registers, the process, the mapped files, the signal. As the
// kernel (fs/binfmt_elf.c) and gcore write them; the structures are those of <sys/procfs.h>. Notes are walked one by
// one, so that the vector registers of 65,536 threads are passed over unread. Whatever they hold is not believed:
// counts and lengths are capped. Reads through a function: does no I/O of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "capture/running_registers.hpp"

namespace tasks::inspect {

/// How many bytes there were at that offset.
using ReadBytes = std::function<std::size_t(std::uint64_t offset, std::span<char> into)>;

struct CoreThread {
    std::uint32_t tid = 0;
    RunningRegisters registers{};
    std::int64_t original_rax = -1; ///< the system call that it is or was in; negative: none
};

struct CoreMapping {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t file_offset = 0;
    std::string path;
};

struct CoreNotes {
    struct Process {
        std::uint32_t pid = 0;
        std::uint32_t ppid = 0;
        std::uint32_t uid = 0;
        std::string name; ///< of its main thread, at most 15 bytes
    };
    struct Signal {
        std::uint32_t number = 0;
        std::optional<std::uint64_t> address{};
    };
    static constexpr std::size_t max_threads = 1u << 17;
    static constexpr std::size_t max_mappings = 1u << 20;
    static constexpr std::size_t max_files_bytes = 64u << 20; ///< of the note that lists the mapped files

    std::optional<Process> process;
    std::vector<CoreThread> threads; ///< the one that the signal struck is the first
    std::vector<CoreMapping> files;
    std::optional<Signal> signal;
    std::optional<std::uint64_t> entry; ///< the program's first instruction
    std::optional<std::uint64_t> vdso;
    std::uint64_t threads_left_out = 0;
    bool damaged = false; ///< a note that does not end, or is too short
};

/// Adds the notes of `size` bytes from `offset` on.
void read_core_notes(const ReadBytes& read, std::uint64_t offset, std::uint64_t size, CoreNotes& into);

} // namespace tasks::inspect
