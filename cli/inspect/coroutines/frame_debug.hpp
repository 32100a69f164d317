// The debug information of a module's coroutine functions: the entry of each by its address, its variables, the members
// of its frame's type. A unit is walked once, and only where one of its functions is asked for. Refers to the
// ElfModule. What is in the file is capped and never believed. One thread at a time.
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coroutines/coroutine_code.hpp"
#include "symbols/code_scopes.hpp"
#include "symbols/unit_index.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

struct StructMember {
    std::string name; ///< "" it has none
    FrameField field;
    std::uint64_t type = 0; ///< offset of its type's DIE; 0: not known
};

/// An argument or local variable of a function.
struct FunctionVariable {
    std::string name;
    Dwarf_Die die{};
    bool argument = false;
    std::optional<std::uint32_t> frame_offset; ///< it lies there from the address that the function was called with
};

class FrameDebug {
public:
    /// Larger frames are not believed.
    static constexpr std::uint64_t largest_frame = 16u << 20;

    explicit FrameDebug(ElfModule& module) : module_(module) {}

    /// The entry of the function around that address of the file.
    std::optional<Dwarf_Die> function_at(std::uint64_t address);

    /// The type that the pointer of that name points to, which is a child of the function with that tag.
    std::optional<Dwarf_Die> pointed_to(Dwarf_Die function, int tag, const char* name) const;
    /// The variable of that name, whether local or an argument.
    std::optional<FunctionVariable> variable(Dwarf_Die function, const char* name) const;
    void for_each_variable(Dwarf_Die function, const std::function<void(const FunctionVariable&)>& visit) const;
    /// The names of its arguments.
    std::vector<std::string> parameters(Dwarf_Die function) const;

    /// Without typedefs, const and volatile.
    std::optional<Dwarf_Die> type_of(Dwarf_Die die) const;
    std::optional<std::uint64_t> bytes_of(Dwarf_Die type) const;
    std::optional<std::uint32_t> alignment_of(Dwarf_Die type) const;
    void for_each_member(Dwarf_Die type, const std::function<void(const StructMember&)>& visit) const;

    /// Where the function is written; "" and 0 where that is not known.
    struct Declaration {
        std::string file;
        std::uint32_t line = 0;
    };
    Declaration declaration(Dwarf_Die function) const;

private:
    ElfModule& module_;
    std::optional<UnitIndex> units_;
    std::map<Dwarf_Off, CodeScopes> scopes_; ///< by the unit's entry
};

} // namespace tasks::inspect
