#include "symbols/debug_checks.hpp"

#include <map>
#include <string>

#include "unwind/elf_module.hpp"

namespace tasks::inspect {
namespace {

using State = Check::State;

constexpr std::size_t libraries_named = 5;

enum class Has { lines, names, exports, nothing };

Has what_it_has(ElfModule* elf) {
    if (elf == nullptr) {
        return Has::nothing;
    }
    if (elf->dwarf() != nullptr) {
        return Has::lines;
    }
    const auto* debug = elf->debug_image();
    return elf->image().has_section(".symtab") || (debug != nullptr && debug->has_section(".symtab")) ? Has::names
                                                                                                      : Has::exports;
}

std::string last_part(const std::string& path) { return path.substr(path.rfind('/') + 1); }

Check program_check(Has has, const std::string& path) {
    const auto what = "debug information of the program";
    const std::string way_out = "install its -dbgsym package, keep its debug file below /usr/lib/debug/.build-id, or "
                                "build it with -g";
    switch (has) {
    case Has::lines:
        return {State::works, what, path + ": functions, lines and inlined calls", ""};
    case Has::names:
        return {State::limited, what, path + ": functions, no lines: it has a symbol table alone", way_out};
    case Has::exports:
        return {State::limited, what, path + ": exported functions alone, the rest is module+0x..: it is stripped",
                way_out};
    case Has::nothing:
        break;
    }
    return {State::missing, what, path + ": the file that runs cannot be read", "the reasons are told below"};
}

Check libraries_check(const std::map<std::string, Has>& libraries) {
    std::size_t with_lines = 0;
    std::size_t lacking = 0;
    std::string named;
    for (const auto& [path, has] : libraries) {
        if (has == Has::lines) {
            ++with_lines;
        } else if (++lacking <= libraries_named) {
            named += (named.empty() ? "" : ", ") + last_part(path);
        }
    }
    const auto text = std::to_string(with_lines) + " of " + std::to_string(libraries.size()) + " have it";
    if (lacking == 0) {
        return {State::works, "debug information of libraries", text, ""};
    }
    named += lacking > libraries_named ? " and " + std::to_string(lacking - libraries_named) + " more" : "";
    return {State::limited, "debug information of libraries", text + "; exported functions alone of " + named,
            "install their -dbgsym or -dbg packages (libc6-dbg for the C library)"};
}

} // namespace

std::vector<Check> check_debug_information(const Snapshot& snapshot, ModuleMap& modules) {
    std::map<std::string, Has> found;
    for (const auto& module : snapshot.modules) {
        if (module.path.starts_with('/') && !found.contains(module.path)) {
            found.emplace(module.path, what_it_has(modules.find(module.start).elf));
        }
    }
    std::vector<Check> checks;
    if (const auto program = found.extract(snapshot.process.exe)) {
        checks.push_back(program_check(program.mapped(), program.key()));
    }
    if (!found.empty()) {
        checks.push_back(libraries_check(found));
    }
    return checks;
}

} // namespace tasks::inspect
