// The functions of one compilation unit and the calls inlined in them, by address. Made by one walk over the unit's
// entries (100 ns each; libdw's own search walks the unit anew for each address, 16 ms measured). Value type.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

#include "symbols/range_index.hpp"

namespace tasks::inspect {

class CodeScopes {
public:
    explicit CodeScopes(Dwarf_Die unit);

    /// Innermost first: calls inlined at that address, then the function, where the unit has it.
    std::vector<Dwarf_Die> at(std::uint64_t address) const;

private:
    static constexpr std::uint32_t no_parent = ~0u;
    struct Scope {
        Dwarf_Die die;
        std::uint32_t parent = no_parent;
        std::uint32_t depth = 0;
    };

    void walk(Dwarf_Die& parent, std::uint32_t parent_scope, std::uint32_t depth);
    std::uint32_t add(Dwarf_Die& die, std::uint32_t parent_scope);

    std::vector<Scope> scopes_;
    RangeIndex<std::uint32_t> index_; ///< into scopes_
    std::size_t walked_ = 0;
};

} // namespace tasks::inspect
