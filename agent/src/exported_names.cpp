#include "exported_names.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

#include "mappings.hpp"
#include "program_headers.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint64_t most_dynamic_entries = 256;
constexpr std::uint64_t most_symbols = 1u << 20;
constexpr unsigned char gnu_ifunc = 10; // STT_GNU_IFUNC

bool is_function_at(const Elf64_Sym& symbol, std::uint64_t address) noexcept {
    const unsigned char type = ELF64_ST_TYPE(symbol.st_info);
    return (type == STT_FUNC || type == gnu_ifunc) && symbol.st_shndx != SHN_UNDEF && address >= symbol.st_value &&
           address - symbol.st_value < symbol.st_size;
}

} // namespace

/// Up to `count` objects, as many as a piece holds and can be read whole; in the piece until the next call.
template <class Object>
std::span<const Object> ExportedNames::read(std::uint64_t address, std::uint64_t count) noexcept {
    const auto most = std::min<std::uint64_t>(count, piece_.size() / sizeof(Object));
    const std::size_t got = read_memory(address, piece_.first(most * sizeof(Object)));
    return {static_cast<const Object*>(static_cast<void*>(piece_.data())), got / sizeof(Object)};
}

template <class Object> bool ExportedNames::read_one(std::uint64_t address, Object& object) noexcept {
    const auto one = read<Object>(address, 1);
    if (one.empty())
        return false;
    object = one.front();
    return true;
}

// The loader has added the load address to these pointers, except in the vdso and with other libcs.
void ExportedNames::take(const Elf64_Dyn& entry, std::uint64_t image, Tables& tables) noexcept {
    const std::uint64_t value = entry.d_un.d_val;
    const std::uint64_t address = value >= image ? value : value + tables.bias;
    switch (entry.d_tag) {
    case DT_SYMTAB:
        tables.symbols = address;
        break;
    case DT_STRTAB:
        tables.strings = address;
        break;
    case DT_STRSZ:
        tables.string_bytes = value;
        break;
    case DT_HASH:
        tables.hash = address;
        break;
    case DT_GNU_HASH:
        tables.gnu_hash = address;
        break;
    default:
        break;
    }
}

bool ExportedNames::find_tables(std::uint64_t image, Tables& tables) noexcept {
    const ProgramHeaders program{image};
    const auto dynamic = std::find_if(program.headers().begin(), program.headers().end(),
                                      [](const Elf64_Phdr& header) { return header.p_type == PT_DYNAMIC; });
    if (!program.bias() || dynamic == program.headers().end())
        return false;
    tables.bias = *program.bias();
    const auto entries = std::min(dynamic->p_memsz / sizeof(Elf64_Dyn), most_dynamic_entries);
    for (const Elf64_Dyn& entry : read<Elf64_Dyn>(tables.bias + dynamic->p_vaddr, entries)) {
        if (entry.d_tag == DT_NULL)
            break;
        take(entry, image, tables);
    }
    return tables.symbols != 0 && tables.strings != 0;
}

// The table itself does not say how long it is.
std::uint64_t ExportedNames::symbol_count(const Tables& tables) noexcept {
    struct Head {
        std::uint32_t buckets;
        std::uint32_t chains; // as many as symbols
    };
    Head head{};
    if (tables.hash != 0 && read_one(tables.hash, head))
        return std::min<std::uint64_t>(head.chains, most_symbols);
    return tables.gnu_hash == 0 ? 0 : std::min(last_in_gnu_hash(tables.gnu_hash), most_symbols);
}

// Of the last chain the last symbol is the last of all: a hash with its lowest bit set ends a chain.
std::uint64_t ExportedNames::last_in_gnu_hash(std::uint64_t table) noexcept {
    struct Head {
        std::uint32_t buckets;
        std::uint32_t first_symbol;
        std::uint32_t bloom_words;
        std::uint32_t bloom_shift;
    };
    Head head{};
    if (!read_one(table, head) || head.buckets > most_symbols || head.bloom_words > most_symbols)
        return 0;
    const std::uint64_t buckets = table + sizeof head + std::uint64_t{head.bloom_words} * sizeof(std::uint64_t);
    std::uint32_t last = 0;
    for (std::uint64_t at = 0; at < head.buckets;) {
        const auto piece = read<std::uint32_t>(buckets + at * sizeof last, head.buckets - at);
        if (piece.empty())
            return 0;
        last = std::max(last, *std::max_element(piece.begin(), piece.end()));
        at += piece.size();
    }
    if (last < head.first_symbol)
        return head.first_symbol;
    const std::uint64_t chains = buckets + std::uint64_t{head.buckets} * sizeof last;
    for (std::uint64_t symbol = last; symbol < most_symbols;) {
        const auto piece =
            read<std::uint32_t>(chains + (symbol - head.first_symbol) * sizeof last, most_symbols - symbol);
        const auto end = std::find_if(piece.begin(), piece.end(), [](std::uint32_t hash) { return (hash & 1) != 0; });
        symbol += static_cast<std::uint64_t>(end - piece.begin());
        if (end != piece.end())
            return symbol + 1;
        if (piece.empty())
            return symbol;
    }
    return most_symbols;
}

// Of several names of one function the one that is not the library's own: read, not __read.
void ExportedNames::take_better_name(const Tables& tables, const Elf64_Sym& symbol, Kept& kept) noexcept {
    if (symbol.st_name >= tables.string_bytes)
        return;
    std::array<char, longest_name + 1> name;
    const auto wanted = std::min<std::uint64_t>(name.size(), tables.string_bytes - symbol.st_name);
    const std::size_t got = read_memory(tables.strings + symbol.st_name, {name.data(), wanted});
    const std::string_view found = std::string_view{name.data(), got};
    const std::string_view text = found.substr(0, std::min(found.find('\0'), longest_name));
    const std::string_view before{kept.name.data()};
    if (text.empty() || (!before.empty() && (before.front() != '_' || text.front() == '_')))
        return;
    text.copy(kept.name.data(), text.size());
    kept.name[text.size()] = '\0';
}

void ExportedNames::find(std::uint64_t pc, std::uint64_t image, Kept& kept) noexcept {
    kept.pc = pc;
    kept.name[0] = '\0';
    Tables tables;
    if (!find_tables(image, tables))
        return;
    const std::uint64_t count = symbol_count(tables);
    for (std::uint64_t at = 0; at < count;) {
        const auto piece = read<Elf64_Sym>(tables.symbols + at * sizeof(Elf64_Sym), count - at);
        if (piece.empty())
            return;
        for (const Elf64_Sym& symbol : piece)
            if (is_function_at(symbol, pc - tables.bias))
                take_better_name(tables, symbol, kept);
        at += piece.size();
    }
}

std::string_view ExportedNames::at(std::uint64_t pc, std::uint64_t image) noexcept {
    Kept& kept = kept_[(pc ^ pc >> 12) % slots];
    if (kept.pc != pc)
        find(pc, image, kept);
    return kept.name.data();
}

} // namespace tasks::agent
