#include "coroutines/coroutine_symbols.hpp"

#include <gelf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "coroutines/compiler_frames.hpp"

namespace tasks::inspect {

namespace {

// The largest browser has 2,000,000; coroutines of a large service 20,000.
constexpr std::size_t most_symbols = 8'000'000;
constexpr std::size_t most_functions = 2'000'000;
// The longest of a large Asio service has 3,000 characters; .Frame's name has the function's twice.
constexpr std::size_t longest_symbol = 16'384;
constexpr std::size_t most_dynamic_entries = 10'000;

/// One table of symbols, as it lies in the file. Names point into libelf's copy.
struct Table {
    const Elf64_Sym* symbols = nullptr;
    std::size_t count = 0;
    const char* names = nullptr;
    std::size_t name_bytes = 0;

    std::string_view name(const Elf64_Sym& symbol) const {
        if (symbol.st_name >= name_bytes)
            return {};
        const char* start = names + symbol.st_name;
        const auto room = std::min(name_bytes - symbol.st_name, longest_symbol);
        const auto length = ::strnlen(start, room);
        return length == room ? std::string_view{} : std::string_view{start, length};
    }
};

Table table_of(Elf* elf) {
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB)
            continue;
        const Elf_Data* data = elf_getdata(section, nullptr);
        Elf_Scn* strings = elf_getscn(elf, header.sh_link);
        const Elf_Data* names = strings == nullptr ? nullptr : elf_getdata(strings, nullptr);
        if (data == nullptr || data->d_buf == nullptr || names == nullptr || names->d_buf == nullptr)
            continue;
        return {static_cast<const Elf64_Sym*>(data->d_buf), std::min(data->d_size / sizeof(Elf64_Sym), most_symbols),
                static_cast<const char*>(names->d_buf), names->d_size};
    }
    return {};
}

/// A function of a coroutine. Two source files may have a coroutine of one name, each for itself: the file tells them
/// apart.
struct Part {
    const CompilerFrames* compiler = nullptr;
    std::string_view stem;
    std::uint32_t file = 0; ///< number of the STT_FILE symbol before it; 0 for global ones
    SymbolRole role = SymbolRole::resume;
    bool clone = false;
    CodeRange code;
};

bool is_code(const ElfImage& image, std::uint64_t address) {
    return std::any_of(image.segments().begin(), image.segments().end(), [address](const Segment& segment) {
        return segment.executable && address >= segment.address && address - segment.address < segment.memory_size;
    });
}

std::optional<Part> part_of(std::string_view name) {
    for (const CompilerFrames* compiler : known_compilers())
        if (const auto symbol = compiler->symbol(name))
            return Part{compiler, symbol->stem, 0, symbol->role, symbol->clone, {}};
    return std::nullopt;
}

std::uint32_t file_of(const Elf64_Sym& symbol, std::uint32_t current) {
    return ELF64_ST_BIND(symbol.st_info) == STB_LOCAL ? current : 0;
}

/// Calls `visit` with each function, its name and the number of its file.
template <class Visit> void for_each_function(const Table& table, const ElfImage& image, Visit&& visit) {
    std::uint32_t file = 0;
    for (std::size_t i = 0; i < table.count; ++i) {
        const Elf64_Sym& symbol = table.symbols[i];
        const auto type = ELF64_ST_TYPE(symbol.st_info);
        if (type == STT_FILE)
            ++file;
        if (type == STT_FUNC && symbol.st_shndx != SHN_UNDEF && symbol.st_value != 0 && is_code(image, symbol.st_value))
            visit(symbol, table.name(symbol), file_of(symbol, file));
    }
}

std::vector<Part> parts_of(const Table& table, const ElfImage& image) {
    std::vector<Part> parts;
    for_each_function(table, image, [&](const Elf64_Sym& symbol, std::string_view name, std::uint32_t file) {
        // Names as they are written have no dot, and most symbols are such names.
        if (parts.size() >= most_functions || name.find('.') == name.npos)
            return;
        if (auto part = part_of(name)) {
            part->file = file;
            part->code = {symbol.st_value, symbol.st_size};
            parts.push_back(*part);
        }
    });
    std::sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) {
        return std::tie(a.stem, a.role, a.clone, a.file, a.code.start) <
               std::tie(b.stem, b.role, b.clone, b.file, b.code.start);
    });
    return parts;
}

using Parts = std::vector<const Part*>;

// The one that belongs to `resume`, which is the number `index` of `count` with that name: of the same file, or in the
// same order where link-time optimization has put all files into one.
const Part* match(const Parts& parts, const Part& resume, std::size_t index, std::size_t count) {
    if (parts.size() == count)
        return parts[index];
    for (const Part* part : parts)
        if (part->file == resume.file)
            return part;
    return nullptr;
}

// Clones are for callers that the compiler knows; what a frame points to is the function itself, if there is one.
void drop_clones(Parts& parts) {
    if (!parts.empty() && !parts.front()->clone)
        std::erase_if(parts, [](const Part* part) { return part->clone; });
}

/// The functions of all coroutines of one stem.
void add_codes(std::array<Parts, 4>& roles, std::vector<CoroutineCode>& codes, std::vector<std::uint32_t>& files) {
    for (Parts& parts : roles)
        drop_clones(parts);
    const auto& resumes = roles[static_cast<std::size_t>(SymbolRole::resume)];
    for (std::size_t i = 0; i < resumes.size(); ++i) {
        const auto of = [&](SymbolRole role) {
            const Part* found = match(roles[static_cast<std::size_t>(role)], *resumes[i], i, resumes.size());
            return found == nullptr ? CodeRange{} : found->code;
        };
        CoroutineCode code;
        code.compiler = resumes[i]->compiler->compiler();
        code.linkage_name = resumes[i]->compiler->linkage_name(resumes[i]->stem);
        code.resume = resumes[i]->code;
        code.resume_cold = of(SymbolRole::resume_cold);
        code.destroy = of(SymbolRole::destroy);
        code.cleanup = of(SymbolRole::cleanup);
        codes.push_back(std::move(code));
        files.push_back(resumes[i]->file);
    }
}

/// Where a function is that callers call: by its plain name.
void add_ramps(const Table& table, const ElfImage& image, std::vector<CoroutineCode>& codes,
               const std::vector<std::uint32_t>& files) {
    std::unordered_multimap<std::string_view, std::size_t> wanted;
    for (std::size_t i = 0; i < codes.size(); ++i)
        wanted.emplace(codes[i].linkage_name, i);
    for_each_function(table, image, [&](const Elf64_Sym& symbol, std::string_view name, std::uint32_t file) {
        for (auto [at, end] = wanted.equal_range(name); at != end; ++at) {
            CoroutineCode& code = codes[at->second];
            if (code.ramp.start == 0 || file == files[at->second])
                code.ramp = {symbol.st_value, symbol.st_size};
        }
    });
}

std::vector<CoroutineCode> codes_of(const Table& table, const ElfImage& image) {
    const auto parts = parts_of(table, image);
    std::vector<CoroutineCode> codes;
    std::vector<std::uint32_t> files;
    for (auto at = parts.begin(); at != parts.end();) {
        std::array<Parts, 4> roles;
        const auto stem = at->stem;
        for (; at != parts.end() && at->stem == stem; ++at)
            roles[static_cast<std::size_t>(at->role)].push_back(&*at);
        add_codes(roles, codes, files);
    }
    if (!codes.empty())
        add_ramps(table, image, codes, files);
    std::sort(codes.begin(), codes.end(),
              [](const CoroutineCode& a, const CoroutineCode& b) { return a.resume.start < b.resume.start; });
    return codes;
}

} // namespace

CoroutineSymbols coroutine_symbols(ElfModule& module) {
    Table table = table_of(module.image().elf());
    if (table.count == 0)
        if (const ElfImage* debug = module.debug_image())
            table = table_of(debug->elf());
    if (table.count == 0)
        return {};
    return {true, codes_of(table, module.image())};
}

bool may_have_coroutines(const ElfModule& module) {
    Elf* elf = module.image().elf();
    if (!module.image().has_section(".gcc_except_table"))
        return false;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_DYNAMIC)
            continue;
        Elf_Data* data = elf_getdata(section, nullptr);
        for (std::size_t i = 0; data != nullptr && i < most_dynamic_entries; ++i) {
            GElf_Dyn entry;
            if (gelf_getdyn(data, static_cast<int>(i), &entry) == nullptr || entry.d_tag == DT_NULL)
                break;
            const char* name = entry.d_tag == DT_NEEDED ? elf_strptr(elf, header.sh_link, entry.d_un.d_val) : nullptr;
            if (name != nullptr && (std::strstr(name, "libstdc++.so") || std::strstr(name, "libc++.so")))
                return true;
        }
        return false;
    }
    return true; // linked statically
}

} // namespace tasks::inspect
