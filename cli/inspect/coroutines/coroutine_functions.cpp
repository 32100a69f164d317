#include "coroutines/coroutine_functions.hpp"

#include <algorithm>

#include "coroutines/allocated_bytes.hpp"
#include "coroutines/coroutine_symbols.hpp"
#include "symbols/demangled_name.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t stripped_named = 4;

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::uint64_t moved(const CodeRange& range, std::uint64_t bias) { return range.start == 0 ? 0 : range.start + bias; }

} // namespace

CoroutineFunctions::CoroutineFunctions(ModuleMap& modules, AnalysisCache* cache) : cache_(cache) {
    for (const ModuleMap::Place& place : modules.all())
        if (place.elf != nullptr)
            add(place);
    tell_stripped();
    addresses_.seal();
}

void CoroutineFunctions::add(const ModuleMap::Place& place) {
    auto symbols = coroutine_symbols(*place.elf);
    if (!symbols.known && may_have_coroutines(*place.elf))
        stripped_.push_back(place.module->path);
    if (symbols.codes.empty())
        return;
    for (CoroutineCode& code : symbols.codes) {
        addresses_.add(static_cast<std::uint32_t>(functions_.size()), moved(code.resume, place.bias),
                       moved(code.destroy, place.bias), moved(code.cleanup, place.bias));
        functions_.push_back({std::move(code), modules_.size(), nullptr, {}});
    }
    modules_.push_back({place.elf, place.bias, nullptr, std::make_unique<CoroutineAnalysis>(*place.elf)});
}

void CoroutineFunctions::tell_stripped() {
    if (stripped_.empty())
        return;
    std::string names;
    for (std::size_t i = 0; i < std::min(stripped_.size(), stripped_named); ++i)
        names += (i == 0 ? "" : ", ") + (i == 0 ? stripped_[i] : last_part(stripped_[i]));
    if (stripped_.size() > stripped_named)
        names += " and " + std::to_string(stripped_.size() - stripped_named) + " more";
    problems_.push_back(names +
                        ": no symbols (stripped), so its coroutines are unknown; install the -dbgsym package, or "
                        "keep the symbols (strip --strip-debug)");
}

const CoroutineFunctions::Function& CoroutineFunctions::known(std::uint32_t code) {
    Function& function = functions_[code];
    if (function.shape)
        return function;
    const Module& module = modules_[function.module];
    const FunctionAnalysis* kept = cache_ == nullptr ? nullptr : cache_->find(*module.elf, function.code);
    function.known = kept == nullptr ? analysed(function) : *kept;
    if (cache_ != nullptr && kept == nullptr)
        cache_->keep(*module.elf, function.code, function.known);
    function.shape = std::make_unique<FrameShape>(FrameShape{
        &frames_of(function.code.compiler), moved(function.code.resume, module.bias),
        moved(function.code.destroy, module.bias), moved(function.code.cleanup, module.bias), function.known.layout});
    return function;
}

FunctionAnalysis CoroutineFunctions::analysed(const Function& function) {
    const Module& module = modules_[function.module];
    FunctionAnalysis made;
    made.layout = frames_of(function.code.compiler).layout(debug(function), function.code);
    if (!made.layout.size)
        made.layout.size = allocated_bytes(*module.elf, function.code.ramp);
    made.points = module.analysis->suspend_points(function.code, made.layout);
    made.layout.index = made.points.index;
    if (const auto found = entry(function)) {
        auto declaration = debug(function).declaration(*found);
        made.file = std::move(declaration.file);
        made.line = declaration.line;
    }
    return made;
}

FrameDebug& CoroutineFunctions::debug(const Function& function) {
    Module& module = modules_[function.module];
    if (!module.debug)
        module.debug = std::make_unique<FrameDebug>(*module.elf);
    return *module.debug;
}

std::optional<Dwarf_Die> CoroutineFunctions::entry(const Function& function) {
    return debug(function).function_at(function.code.resume.start);
}

Dwarf* CoroutineFunctions::types(std::uint32_t code) {
    auto found = entry(functions_[code]);
    return found ? dwarf_cu_getdwarf(found->cu) : nullptr;
}

CoroutineFunction CoroutineFunctions::facts(std::uint32_t code) {
    Function& function = functions_[code];
    const Module& module = modules_[function.module];
    CoroutineFunction facts;
    facts.function = demangled_name(function.code.linkage_name.c_str());
    facts.module = module.elf->path();
    facts.resume = moved(function.code.resume, module.bias);
    facts.resume_size = function.code.resume.size;
    const FunctionAnalysis& all = known(code).known;
    facts.file = all.file;
    facts.line = all.line;
    facts.points = all.points.points;
    return facts;
}

} // namespace tasks::inspect
