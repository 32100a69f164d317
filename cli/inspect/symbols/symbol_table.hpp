// Function names by address from an ELF file's .symtab, or .dynsym where it is stripped; sorted once. The names point
// into the ElfImage, which must outlive the table. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "symbols/range_index.hpp"
#include "unwind/elf_image.hpp"

namespace tasks::inspect {

class SymbolTable {
public:
    /// `debug`: the separate debug file, whose .symtab is the fuller one; may be null.
    SymbolTable(const ElfImage& image, const ElfImage* debug);

    /// The linkage name of the function around that address of the file; null: none known.
    const char* name_at(std::uint64_t address) const;

private:
    struct Symbol {
        std::uint64_t start = 0;
        std::uint64_t end = 0;
        const char* name = nullptr;
        std::uint8_t type = 0;
        std::uint8_t binding = 0;
    };

    static bool is_better(const Symbol& a, const Symbol& b);
    static std::vector<Symbol> symbols_of(Elf* elf, std::uint32_t section_type);
    void index(std::vector<Symbol> symbols);

    RangeIndex<const char*> names_;
};

} // namespace tasks::inspect
