#include "symbols/symbolizer.hpp"

#include <unordered_map>

#include "symbols/demangled_name.hpp"
#include "symbols/source_lines.hpp"
#include "symbols/symbol_table.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

namespace {

// What is read of one file, each at its first use.
class ModuleNames {
public:
    explicit ModuleNames(ElfModule& module) : module_(module) {}

    std::vector<Frame> at(std::uint64_t address);
    std::string symbol_at(std::uint64_t address);

private:
    std::string name_of(const SourceFrame& frame, std::uint64_t address);

    ElfModule& module_;
    std::unique_ptr<SymbolTable> symbols_;
    std::unique_ptr<SourceLines> lines_;
};

std::string ModuleNames::symbol_at(std::uint64_t address) {
    if (!symbols_)
        symbols_ = std::make_unique<SymbolTable>(module_.image(), module_.debug_image());
    const char* name = symbols_->name_at(address);
    return name == nullptr ? std::string{} : demangled_name(name);
}

// The debug information's name first: the symbol's may be a part's, "submit(Backend&) [clone .cold]". Without a
// linkage name in it the symbol's is better ("main" but also g++'s lambdas); an inlined call has no symbol.
std::string ModuleNames::name_of(const SourceFrame& frame, std::uint64_t address) {
    if (!frame.linkage_name.empty())
        return demangled_name(frame.linkage_name.c_str());
    if (frame.inlined)
        return frame.qualified_name;
    std::string symbol = symbol_at(address);
    const bool part = symbol.starts_with(frame.qualified_name + "."); // "futex_wait.constprop.0"
    return symbol.empty() || part ? frame.qualified_name : symbol;
}

std::vector<Frame> ModuleNames::at(std::uint64_t address) {
    if (!lines_ && module_.dwarf() != nullptr)
        lines_ = std::make_unique<SourceLines>(module_);
    std::vector<Frame> frames;
    for (SourceFrame& source : lines_ ? lines_->at(address) : std::vector<SourceFrame>{}) {
        Frame& frame = frames.emplace_back();
        frame.function = name_of(source, address);
        frame.file = std::move(source.place.file);
        frame.line = source.place.line;
        frame.column = source.place.column;
        frame.inlined = source.inlined;
    }
    if (frames.empty())
        frames.emplace_back().function = symbol_at(address);
    return frames;
}

} // namespace

struct Symbolizer::State {
    explicit State(ModuleMap& map) : modules(map) {}

    ModuleMap& modules;
    std::unordered_map<const ElfModule*, ModuleNames> names;
    std::unordered_map<std::uint64_t, std::vector<Frame>> kept[2][2]; ///< by pc; [exact][with lines]

    const std::vector<Frame>& at(std::uint64_t pc, bool exact_pc, bool lines);
    std::vector<Frame> read(std::uint64_t pc, bool exact_pc, bool lines);
};

const std::vector<Frame>& Symbolizer::State::at(std::uint64_t pc, bool exact_pc, bool lines) {
    std::vector<Frame>& frames = kept[exact_pc][lines][pc];
    if (frames.empty())
        frames = read(pc, exact_pc, lines);
    return frames;
}

std::vector<Frame> Symbolizer::State::read(std::uint64_t pc, bool exact_pc, bool lines) {
    const auto place = modules.find(pc);
    std::vector<Frame> frames(1);
    if (place.elf != nullptr) {
        ModuleNames& module = names.try_emplace(place.elf, *place.elf).first->second;
        const std::uint64_t address = pc - place.bias - (exact_pc ? 0 : 1);
        if (lines)
            frames = module.at(address);
        else
            frames.front().function = module.symbol_at(address);
    }
    for (Frame& frame : frames) {
        frame.address = pc;
        if (place.module == nullptr)
            continue;
        frame.module = place.module->path;
        const std::uint64_t base = place.elf != nullptr ? place.bias : place.module->start - place.module->file_offset;
        frame.module_offset = pc - base;
    }
    return frames;
}

Symbolizer::Symbolizer(ModuleMap& modules) : state_(std::make_unique<State>(modules)) {}

Symbolizer::~Symbolizer() = default;

const std::vector<Frame>& Symbolizer::frames(std::uint64_t pc, bool exact) { return state_->at(pc, exact, true); }

const std::vector<Frame>& Symbolizer::symbol(std::uint64_t pc, bool exact) { return state_->at(pc, exact, false); }

} // namespace tasks::inspect
