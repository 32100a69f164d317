// suspend_points FILE: the suspend points of each coroutine function of an ELF file, for
// tests/scripts/suspend_points_test.py, a line each:
//     FUNCTION INDEX NUMBER KIND PROVENANCE LINE FILE AWAITER
// "-" where it is not known; and before them a line "= FUNCTION OFFSET BYTES" that tells where the index is. Options:
// --cache DIRECTORY (keeps results there), --time (what it took).
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include <gelf.h>

#include "coroutines/suspend_points.hpp"

namespace {

using namespace tasks::inspect;

bool take_end(std::string& name, const char* end) {
    if (!name.ends_with(end))
        return false;
    name.resize(name.size() - std::strlen(end));
    return true;
}

// "_Z7sessioni.Frame" of "_Z7sessioniP16_Z7sessioni.Frame.actor" is the last word that the name's own length precedes.
std::string frame_owner(const std::string& name) {
    for (std::size_t at = name.rfind("_Z"); at != std::string::npos && at > 0; at = name.rfind("_Z", at - 1)) {
        const std::string length = std::to_string(name.size() - at);
        if (name.compare(0, at, name.substr(0, at)) == 0 && name.substr(0, at).ends_with(length))
            return name.substr(at, name.size() - at - std::strlen(".Frame"));
    }
    return {};
}

struct Symbols {
    std::map<std::string, CoroutineCode> coroutines; ///< by what the compiler's names have in front
    std::map<std::string, CodeRange> functions;
};

void add(Symbols& symbols, const std::string& full, const CodeRange& range) {
    std::string name = full;
    symbols.functions.emplace(full, range);
    CodeRange CoroutineCode::* part = nullptr;
    auto compiler = CoroutineCompiler::gcc;
    if (take_end(name, ".actor.cold"))
        part = &CoroutineCode::resume_cold;
    else if (take_end(name, ".actor"))
        part = &CoroutineCode::resume;
    else if (take_end(name, ".resume")) {
        part = &CoroutineCode::resume;
        compiler = CoroutineCompiler::clang;
    }
    if (part == nullptr)
        return;
    CoroutineCode& code = symbols.coroutines[name];
    code.compiler = compiler;
    code.linkage_name = compiler == CoroutineCompiler::gcc ? frame_owner(name) : name;
    code.*part = range;
}

Symbols symbols_of(Elf* elf) {
    Symbols symbols;
    for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
        GElf_Shdr header;
        if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_SYMTAB)
            continue;
        Elf_Data* data = elf_getdata(section, nullptr);
        for (std::size_t i = 0; data != nullptr && i < header.sh_size / header.sh_entsize; ++i) {
            GElf_Sym symbol;
            if (gelf_getsym(data, static_cast<int>(i), &symbol) != nullptr && GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
                if (const char* name = elf_strptr(elf, header.sh_link, symbol.st_name))
                    add(symbols, name, {symbol.st_value, symbol.st_size});
        }
    }
    for (auto& [name, code] : symbols.coroutines)
        code.ramp = symbols.functions[code.linkage_name];
    return symbols;
}

const char* word(const std::string& text) { return text.empty() ? "-" : text.c_str(); }

void print(const CoroutineCode& code, const SuspendPoints& points) {
    static constexpr const char* kinds[] = {"initial", "await", "final"};
    static constexpr const char* provenances[] = {"none", "about", "exact"};
    const FrameField field = points.index.value_or(FrameField{});
    std::printf("= %s %u %u\n", code.linkage_name.c_str(), field.offset, field.bytes);
    for (const auto& [index, place] : points.by_index) {
        const SuspendPoint& point = points.points[place];
        std::printf("%s %u %u %s %s %u %s %s%s\n", code.linkage_name.c_str(), index, point.number,
                    kinds[static_cast<int>(point.kind)], provenances[static_cast<int>(point.provenance)], point.line,
                    word(point.file), point.awaiter_inferred ? "~" : "", word(point.awaiter));
    }
}

} // namespace

int main(int count, char** words) {
    auto file = OpenFile::open(count > 1 ? words[1] : "");
    auto image = file ? ElfImage::from_file(std::move(*file)) : tasks::Result<ElfImage>{tasks::Failure{file.error()}};
    if (!image) {
        std::fprintf(stderr, "suspend_points: %s: %s\n", count > 1 ? words[1] : "", image.error().c_str());
        return 2;
    }
    ElfModule module{std::move(*image), {0, words[1], nullptr}};
    for (const auto& [name, code] : symbols_of(module.image().elf()).coroutines)
        print(code, suspend_points(module, code, FrameLayout{}));
    return 0;
}
