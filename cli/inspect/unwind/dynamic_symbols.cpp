#include "unwind/dynamic_symbols.hpp"

#include <gelf.h>

#include <algorithm>
#include <vector>

namespace tasks::inspect {

namespace {

// libLLVM, the largest library about, has 60,000 dynamic symbols.
constexpr std::size_t most_entries = 4'000'000;

struct Tables {
    Elf* elf = nullptr;
    Elf_Data* symbols = nullptr;
    std::size_t strings = 0;
    std::vector<Elf_Data*> relocations;

    std::size_t symbol_count() const { return count(symbols, sizeof(Elf64_Sym)); }
    const char* symbol(std::size_t index, GElf_Sym& symbol) const {
        if (index >= symbol_count() || gelf_getsym(symbols, static_cast<int>(index), &symbol) == nullptr)
            return nullptr;
        return elf_strptr(elf, strings, symbol.st_name);
    }
    static std::size_t count(const Elf_Data* data, std::size_t entry_size) {
        return data == nullptr ? 0 : std::min(data->d_size / entry_size, most_entries);
    }
};

Tables tables_of(Elf* elf) {
    Tables tables{elf, nullptr, 0, {}};
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr)
            continue;
        if (header.sh_type == SHT_DYNSYM) {
            tables.symbols = elf_getdata(section, nullptr);
            tables.strings = header.sh_link;
        } else if (header.sh_type == SHT_RELA) {
            tables.relocations.push_back(elf_getdata(section, nullptr));
        }
    }
    return tables;
}

} // namespace

std::string slot_symbol(Elf* elf, std::uint64_t slot_address) {
    const Tables tables = tables_of(elf);
    for (Elf_Data* table : tables.relocations)
        for (std::size_t i = 0; i < Tables::count(table, sizeof(Elf64_Rela)); ++i) {
            GElf_Rela entry;
            if (gelf_getrela(table, static_cast<int>(i), &entry) == nullptr || entry.r_offset != slot_address)
                continue;
            GElf_Sym symbol;
            const char* name = tables.symbol(GELF_R_SYM(entry.r_info), symbol);
            return name == nullptr ? "" : name;
        }
    return {};
}

bool exports(Elf* elf, const std::string& name, std::uint64_t address) {
    const Tables tables = tables_of(elf);
    for (std::size_t i = 0; i < tables.symbol_count(); ++i) {
        GElf_Sym symbol;
        const char* found = tables.symbol(i, symbol);
        if (found != nullptr && symbol.st_shndx != SHN_UNDEF && symbol.st_value == address && name == found)
            return true;
    }
    return false;
}

} // namespace tasks::inspect
