#include "unwind/module_map.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "unwind/elf_module.hpp"
#include "unwind/module_finder.hpp"

namespace tasks::inspect {

struct ModuleMap::State {
    // One file may be mapped in several pieces, and by dlmopen at several addresses: one ElfModule for all of them.
    using FileKey = std::pair<std::string, std::string>; // path, build-id
    struct Mapping {
        ModuleFacts facts;
        bool tried = false;
        ElfModule* elf = nullptr;
        std::uint64_t bias = 0;
    };

    ModuleOptions options;
    std::vector<Mapping> mappings;                       ///< by start
    std::map<FileKey, std::unique_ptr<ElfModule>> files; ///< null: could not be had
    std::vector<std::string> problems;

    ElfModule* file_of(const ModuleFacts& facts);
    void open(Mapping& mapping);
};

ElfModule* ModuleMap::State::file_of(const ModuleFacts& facts) {
    const auto [entry, is_new] = files.try_emplace(FileKey{facts.path, facts.build_id});
    if (!is_new)
        return entry->second.get();
    auto found = find_module(facts, options.pid, &options.mapped, options.servers);
    if (found)
        entry->second = std::move(*found);
    else
        problems.push_back(found.error());
    return entry->second.get();
}

void ModuleMap::State::open(Mapping& mapping) {
    mapping.tried = true;
    ElfModule* elf = file_of(mapping.facts);
    if (elf == nullptr)
        return;
    const auto bias = elf->bias_of(mapping.facts);
    if (!bias)
        return;
    mapping.elf = elf;
    mapping.bias = *bias;
}

ModuleMap::ModuleMap(const std::vector<ModuleFacts>& modules, ModuleOptions options)
    : state_(std::make_unique<State>()) {
    state_->options = std::move(options);
    for (const ModuleFacts& module : modules)
        if (module.start < module.end)
            state_->mappings.push_back({module, false, nullptr, 0});
    std::sort(state_->mappings.begin(), state_->mappings.end(),
              [](const auto& a, const auto& b) { return a.facts.start < b.facts.start; });
}

ModuleMap::~ModuleMap() = default;

ModuleMap::Place ModuleMap::find(std::uint64_t pc) {
    auto& mappings = state_->mappings;
    auto after = std::upper_bound(mappings.begin(), mappings.end(), pc,
                                  [](std::uint64_t at, const auto& mapping) { return at < mapping.facts.start; });
    if (after == mappings.begin() || pc >= (after - 1)->facts.end)
        return {};
    auto& mapping = *(after - 1);
    if (!mapping.tried)
        state_->open(mapping);
    return {&mapping.facts, mapping.elf, mapping.bias};
}

std::vector<ModuleMap::Place> ModuleMap::all() {
    std::vector<Place> places;
    for (const auto& mapping : state_->mappings) {
        const Place place = find(mapping.facts.start);
        const bool is_new = std::none_of(places.begin(), places.end(), [&place](const Place& known) {
            return place.elf == nullptr ? known.module != nullptr && known.module->path == place.module->path
                                        : known.elf == place.elf && known.bias == place.bias;
        });
        if (place.module != nullptr && is_new)
            places.push_back(place);
    }
    return places;
}

std::vector<std::string> ModuleMap::problems() const {
    auto all = state_->problems;
    for (const auto& [key, elf] : state_->files)
        if (elf != nullptr)
            for (auto& problem : elf->problems())
                all.push_back(std::move(problem));
    return all;
}

} // namespace tasks::inspect
