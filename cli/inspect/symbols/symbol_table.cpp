#include "symbols/symbol_table.hpp"

#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <tuple>

namespace tasks::inspect {

namespace {

// The largest browser has 2,000,000.
constexpr std::size_t most_symbols = 8'000'000;

std::size_t leading_underscores(const char* name) { return std::strspn(name, "_"); }

bool is_code(Elf* elf, std::size_t section) {
    GElf_Shdr header;
    Elf_Scn* found = elf_getscn(elf, section);
    return found != nullptr && gelf_getshdr(found, &header) != nullptr && (header.sh_flags & SHF_EXECINSTR) != 0;
}

// Whether each section holds code, asked once.
std::vector<bool> code_sections(Elf* elf) {
    std::size_t count = 0;
    if (elf_getshdrnum(elf, &count) != 0)
        return {};
    std::vector<bool> code(std::min<std::size_t>(count, SHN_LORESERVE));
    for (std::size_t i = 0; i < code.size(); ++i)
        code[i] = is_code(elf, i);
    return code;
}

Elf_Scn* section_of(Elf* elf, std::uint32_t type) {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) != nullptr && header.sh_type == type)
            return section;
    }
    return nullptr;
}

} // namespace

SymbolTable::SymbolTable(const ElfImage& image, const ElfImage* debug) {
    auto symbols = symbols_of(image.elf(), SHT_SYMTAB);
    if (symbols.empty() && debug != nullptr)
        symbols = symbols_of(debug->elf(), SHT_SYMTAB);
    if (symbols.empty())
        symbols = symbols_of(image.elf(), SHT_DYNSYM);
    index(std::move(symbols));
}

std::vector<SymbolTable::Symbol> SymbolTable::symbols_of(Elf* elf, std::uint32_t section_type) {
    Elf_Scn* section = section_of(elf, section_type);
    GElf_Shdr header;
    Elf_Data* data = section == nullptr ? nullptr : elf_getdata(section, nullptr);
    if (data == nullptr || gelf_getshdr(section, &header) == nullptr)
        return {};
    std::vector<Symbol> symbols;
    const auto code = code_sections(elf);
    const std::size_t count = std::min(data->d_size / sizeof(Elf64_Sym), most_symbols);
    for (std::size_t i = 0; i < count; ++i) {
        GElf_Sym symbol;
        if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr || symbol.st_shndx >= code.size() ||
            !code[symbol.st_shndx])
            continue;
        const std::uint8_t type = GELF_ST_TYPE(symbol.st_info);
        if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE)
            continue;
        const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
        if (name != nullptr && *name != '\0')
            symbols.push_back({symbol.st_value, symbol.st_value + symbol.st_size, name, type,
                               static_cast<std::uint8_t>(GELF_ST_BIND(symbol.st_info))});
    }
    return symbols;
}

// libc gives one address five names; people know the one without underscores: `read`, not `__GI___libc_read`.
bool SymbolTable::is_better(const Symbol& a, const Symbol& b) {
    const auto merits = [](const Symbol& symbol) {
        return std::tuple{symbol.type == STT_NOTYPE,        symbol.end == symbol.start,   symbol.binding == STB_LOCAL,
                          leading_underscores(symbol.name), symbol.binding != STB_GLOBAL, std::strlen(symbol.name)};
    };
    const auto of_a = merits(a);
    const auto of_b = merits(b);
    return of_a != of_b ? of_a < of_b : std::strcmp(a.name, b.name) < 0;
}

void SymbolTable::index(std::vector<Symbol> symbols) {
    std::sort(symbols.begin(), symbols.end(), [](const Symbol& a, const Symbol& b) {
        return a.start != b.start ? a.start < b.start : is_better(a, b);
    });
    const auto same = std::unique(symbols.begin(), symbols.end(),
                                  [](const Symbol& a, const Symbol& b) { return a.start == b.start; });
    symbols.erase(same, symbols.end());
    for (std::size_t i = 0; i < symbols.size(); ++i) {
        const Symbol& symbol = symbols[i];
        const bool sized = symbol.end > symbol.start; // hand-written assembly is not: it goes on up to the next one
        const std::uint64_t next = i + 1 < symbols.size() ? symbols[i + 1].start : symbol.start + 1;
        names_.add(symbol.start, sized ? symbol.end : next, symbol.name);
    }
    names_.seal();
}

const char* SymbolTable::name_at(std::uint64_t address) const {
    const char* const* name = names_.innermost(address);
    return name == nullptr ? nullptr : *name;
}

} // namespace tasks::inspect
