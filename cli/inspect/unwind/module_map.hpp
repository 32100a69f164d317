// The target's executable mappings and the ELF files behind them, opened once, each fd closed with the map.
// A file is accepted only when its build-id is the one that was mapped (a replaced binary is said, not guessed);
// a deleted file is looked for in /proc/PID/map_files and /proc/PID/exe. The vdso is read from our own memory when
// its build-id is the same. Files are the target's: nothing in them is believed. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "capture/snapshot.hpp"
#include "unwind/debug_servers.hpp"
#include "unwind/mapped_files.hpp"

namespace tasks::inspect {

class ElfModule; // unwind/elf_module.hpp: one opened ELF file with its libdw handles

struct ModuleOptions {
    std::uint32_t pid = 0;           ///< for /proc/PID/root, map_files, exe; 0: files are opened by their path only
    MappedFiles mapped{};            ///< opened before we gave up being root
    DebugServers* servers = nullptr; ///< to be asked for debug files; null: none is
};

class ModuleMap {
public:
    ModuleMap(const std::vector<ModuleFacts>& modules, ModuleOptions options);
    ~ModuleMap();
    ModuleMap(const ModuleMap&) = delete;
    ModuleMap& operator=(const ModuleMap&) = delete;

    /// Where a pc lies. `elf` is null where the file could not be had; `why` then says so.
    struct Place {
        const ModuleFacts* module = nullptr; ///< null: outside all modules
        ElfModule* elf = nullptr;
        std::uint64_t bias = 0; ///< pc - bias = address in the ELF file
    };
    Place find(std::uint64_t pc);
    /// Each file once for each address at which it is mapped. Opens them all.
    std::vector<Place> all();

    /// A sentence for each module that could not be opened or is not the mapped one, or whose debug information could
    /// not be had; grows as modules are used.
    std::vector<std::string> problems() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace tasks::inspect
