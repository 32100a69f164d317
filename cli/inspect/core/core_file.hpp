// An ELF core file of x86-64 and the memory in it. Only its headers are held: memory and notes are read where they are
// asked for, so that a core of 20 GiB costs no more than a small one. Headers are read by libelf; that libdwfl attaches
// to cores too is of no use here, since it opens the files that a core names by itself and unwinds its own way.
// Anybody may have written the file: counts are capped, every offset checked. Owns the fd. Read by any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tasks/protocol/result.hpp>

#include "capture/file_descriptor.hpp"
#include "capture/process_memory.hpp"

namespace tasks::inspect {

/// A PT_LOAD header: what a mapping was, and which of it is in the file.
struct CoreSegment {
    std::uint64_t address = 0;
    std::uint64_t memory_size = 0;
    std::uint64_t file_size = 0; ///< from its start; 0: none is in the core
    std::uint64_t offset = 0;
    bool executable = false;
    bool writable = false;
};

/// A PT_NOTE header.
struct CoreNoteRange {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

class CoreFile final : public ProcessMemory {
public:
    /// The failure is the rest of a sentence, with the way out, to follow the file's name.
    static Result<CoreFile> open(const std::string& path);

    const std::vector<CoreSegment>& segments() const noexcept { return segments_; } ///< by address
    const std::vector<CoreNoteRange>& notes() const noexcept { return notes_; }
    std::uint64_t missing_bytes() const noexcept { return missing_; } ///< that a cut file lacks
    std::uint64_t modified_ns() const noexcept { return modified_ns_; }
    std::uint32_t owner_uid() const noexcept { return owner_uid_; }

    /// The mapping at that address; null where there was none.
    const CoreSegment* segment_at(std::uint64_t address) const noexcept;

    std::size_t read(std::uint64_t address, std::span<char> into) const override;
    /// Of the file itself.
    std::size_t read_file(std::uint64_t offset, std::span<char> into) const;

private:
    explicit CoreFile(FileDescriptor file) : file_(std::move(file)) {}
    Result<bool> read_headers();

    FileDescriptor file_;
    std::uint64_t size_ = 0;
    std::uint64_t missing_ = 0;
    std::uint64_t modified_ns_ = 0;
    std::uint32_t owner_uid_ = 0;
    std::vector<CoreSegment> segments_;
    std::vector<CoreNoteRange> notes_;
};

} // namespace tasks::inspect
