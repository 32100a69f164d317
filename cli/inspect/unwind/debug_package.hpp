// A .dwp file: the split debug information of many units in one file, found by the unit's number. Formats: DWARF 5,
// 7.3.5, and version 2 of GNU's, which came before it. Reads only what one unit needs; a package of some GiB costs
// little. Nothing in it is believed. Refers to the ElfImage it was made with; no other state.
#pragma once

#include <cstdint>
#include <optional>

#include "unwind/elf_image.hpp"
#include "unwind/memory_elf.hpp"

namespace tasks::inspect {

class DebugPackage {
public:
    explicit DebugPackage(const ElfImage& image) : image_(image) {}

    /// The sections of a .dwo with that unit alone, its strings gathered; empty: not in it.
    NamedSections unit(std::uint64_t id) const;

private:
    struct Row;
    std::optional<Row> row_of(std::uint64_t id) const;
    std::string part(const char* section, std::uint64_t offset, std::uint64_t size) const;
    void gather_strings(std::string& offsets, bool has_header, std::string& strings) const;

    const ElfImage& image_;
};

} // namespace tasks::inspect
