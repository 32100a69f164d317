// All coroutine functions of a process's modules, with what of them is only asked for where a frame is found: layout,
// name, suspend points. Refers to the ModuleMap and the cache. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "coroutines/analysis_cache.hpp"
#include "coroutines/code_addresses.hpp"
#include "coroutines/coroutine_analysis.hpp"
#include "coroutines/coroutine_code.hpp"
#include "coroutines/coroutine_facts.hpp"
#include "coroutines/frame_debug.hpp"
#include "coroutines/frame_looks.hpp"
#include "coroutines/suspend_points.hpp"
#include "unwind/module_map.hpp"

namespace tasks::inspect {

class CoroutineFunctions {
public:
    /// `cache`: of what is known of functions from before; may be null.
    explicit CoroutineFunctions(ModuleMap& modules, AnalysisCache* cache = nullptr);

    const CodeAddresses& addresses() const noexcept { return addresses_; }
    /// A sentence for what keeps coroutines from being known.
    const std::vector<std::string>& problems() const noexcept { return problems_; }

    /// By the number that CodeAddresses::Match::code has.
    CoroutineFunction facts(std::uint32_t code);
    const FrameShape& shape(std::uint32_t code) { return *known(code).shape; }
    const SuspendPoints& points(std::uint32_t code) { return known(code).known.points; }
    /// What its members' types are in; null: none.
    Dwarf* types(std::uint32_t code);

private:
    struct Module {
        ElfModule* elf = nullptr;
        std::uint64_t bias = 0;
        std::unique_ptr<FrameDebug> debug;
        std::unique_ptr<CoroutineAnalysis> analysis;
    };
    struct Function {
        CoroutineCode code;
        std::size_t module = 0;
        std::unique_ptr<FrameShape> shape; ///< with `known`
        FunctionAnalysis known;
    };

    void add(const ModuleMap::Place& place);
    void tell_stripped();
    /// With what is known of it.
    const Function& known(std::uint32_t code);
    FunctionAnalysis analysed(const Function& function);
    FrameDebug& debug(const Function& function);
    std::optional<Dwarf_Die> entry(const Function& function);

    AnalysisCache* cache_;
    std::vector<Module> modules_;
    std::vector<Function> functions_;
    std::vector<std::string> stripped_;
    std::vector<std::string> problems_;
    CodeAddresses addresses_;
};

} // namespace tasks::inspect
