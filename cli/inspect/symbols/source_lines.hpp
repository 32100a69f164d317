// Source places in the debug information of one file: the line of an address with the calls inlined there. Indexes
// are made at first use, per unit. Refers to the ElfModule it was made with. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "symbols/code_scopes.hpp"
#include "symbols/unit_index.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

struct SourcePlace {
    std::string file; ///< "" not known
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

/// One function at an address.
struct SourceFrame {
    std::string linkage_name;   ///< as in the file, not demangled; "" none
    std::string qualified_name; ///< where there is no linkage name; "" none either
    bool inlined = false;
    SourcePlace place; ///< in this function: the address's own, or the call of the next inner one
};

class SourceLines {
public:
    /// It must have debug information.
    explicit SourceLines(ElfModule& module) : module_(module), units_(module.dwarf()) {}

    /// Innermost first. Empty: the debug information has nothing there; one frame without names: only a line.
    std::vector<SourceFrame> at(std::uint64_t address);

private:
    struct Functions {
        Dwarf_Die unit; ///< the one that has them: not a skeleton
        CodeScopes scopes;
        std::string directory; ///< that the compiler ran in
    };
    Functions& functions_of(Dwarf_Die& unit);

    ElfModule& module_;
    UnitIndex units_;
    std::unordered_map<Dwarf_Off, std::unique_ptr<Functions>> functions_; ///< by the unit's offset
};

} // namespace tasks::inspect
