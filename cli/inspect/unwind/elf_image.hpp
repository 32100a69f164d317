// One ELF file of x86-64, on disk or in memory, as libelf reads it: its segments, build-id and bytes by address.
// Owns the file and the libelf handle. Nothing in the file is believed: every count is capped, every offset checked.
// Movable; one thread at a time. Does not look for other files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <tasks/protocol/result.hpp>

#include "unwind/open_file.hpp"

struct Elf;
struct Elf_Scn;

namespace tasks::inspect {

/// A PT_LOAD header.
struct Segment {
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::uint64_t file_size = 0;
    std::uint64_t memory_size = 0;
    bool executable = false;
};

class ElfImage {
public:
    /// Files up to this size are read; larger ones are mapped: of 200 MB of debug information a dump needs some 20.
    static constexpr std::uint64_t largest_read = 4ull << 20;

    /// The failure is the rest of a sentence: "not an ELF file of x86-64".
    static Result<ElfImage> from_file(OpenFile file);
    static Result<ElfImage> from_memory(std::vector<char> bytes);

    Elf* elf() const noexcept { return elf_.get(); }
    const std::vector<Segment>& segments() const noexcept { return segments_; }
    const std::string& build_id() const noexcept { return build_id_; } ///< raw bytes; empty: none

    /// When the file was last written, in seconds since the epoch. Empty: it is in memory.
    std::optional<std::int64_t> written_s() const;

    /// How many bytes of the file belong at that address and the following, at most `count`.
    std::size_t read(std::uint64_t address, void* into, std::size_t count) const;
    /// Likewise at that place in the file.
    std::size_t read_at(std::uint64_t offset, void* into, std::size_t count) const;
    /// Whether there is a section of that name with bytes in this file.
    bool has_section(const char* name) const;
    /// Where its bytes lie in the file; empty also where they are compressed.
    struct Place {
        std::uint64_t offset = 0;
        std::uint64_t size = 0;
    };
    std::optional<Place> section_place(const char* name) const;
    /// The section's bytes; "" where there is none, or more than `most`.
    std::string section_bytes(const char* name, std::size_t most) const;
    /// Likewise, decompressed where need be.
    std::string plain_bytes(const char* name, std::size_t most) const;
    /// `text` in that section, to be changed in our copy of it; null where fewer than `size` bytes follow, or it is not
    /// in there.
    char* writable(const char* name, const char* text, std::size_t size) const;
    /// Puts zeros behind a section's bytes. libelf hands out the longer copy from then on, decompressed.
    void pad_section(const char* name);
    /// Makes sure that a zero ends a section's bytes, or follows them, for readers that look for the end of a string
    /// without a bound: pads it where need be; its size stays.
    void terminate_section(const char* name);
    /// The address of the first header of that type (PT_GNU_EH_FRAME).
    std::optional<std::uint64_t> header_address(std::uint32_t type) const;

private:
    struct EndElf {
        void operator()(Elf* elf) const noexcept;
    };
    using Storage = std::variant<OpenFile, std::unique_ptr<std::vector<char>>>;

    explicit ElfImage(Storage storage) : storage_(std::move(storage)) {}
    static Result<ElfImage> begun(Storage storage);
    bool read_headers();
    Elf_Scn* section(const char* name) const;

    Storage storage_;
    std::unique_ptr<Elf, EndElf> elf_;                       // before the storage ends
    std::vector<std::unique_ptr<std::vector<char>>> padded_; ///< libelf points into them
    std::vector<Segment> segments_;
    std::string build_id_;
};

} // namespace tasks::inspect
