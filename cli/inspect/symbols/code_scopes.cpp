#include "symbols/code_scopes.hpp"

#include <dwarf.h>

namespace tasks::inspect {

namespace {

// The largest unit of a browser has some 2,000,000 entries; nesting beyond 128 is no compiler's.
constexpr std::size_t most_entries = 8'000'000;
constexpr std::size_t most_ranges = 8'000'000;
constexpr std::uint32_t deepest = 128;

bool is_scope(int tag) { return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine; }

bool may_contain_code(int tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_try_block ||
           tag == DW_TAG_catch_block;
}

} // namespace

CodeScopes::CodeScopes(Dwarf_Die unit) {
    walk(unit, no_parent, 0);
    index_.seal();
}

// The scope's number, or no_parent where it has no code (a declaration, or the pattern of inlined calls).
std::uint32_t CodeScopes::add(Dwarf_Die& die, std::uint32_t parent_scope) {
    const auto number = static_cast<std::uint32_t>(scopes_.size());
    const std::size_t before = index_.size();
    Dwarf_Addr base = 0;
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0 && index_.size() < most_ranges;)
        index_.add(start, end, number);
    if (index_.size() == before)
        return no_parent;
    const bool function = dwarf_tag(&die) == DW_TAG_subprogram; // its own, even where it is written inside another
    const std::uint32_t parent = function ? no_parent : parent_scope;
    scopes_.push_back({die, parent, parent == no_parent ? 0 : scopes_[parent].depth + 1});
    return number;
}

void CodeScopes::walk(Dwarf_Die& parent, std::uint32_t parent_scope, std::uint32_t depth) {
    Dwarf_Die child;
    if (depth > deepest || dwarf_child(&parent, &child) != 0)
        return;
    do {
        const int tag = dwarf_tag(&child);
        if (is_scope(tag)) {
            const std::uint32_t scope = add(child, parent_scope);
            if (scope != no_parent)
                walk(child, scope, depth + 1);
        } else if (may_contain_code(tag)) {
            walk(child, parent_scope, depth + 1);
        }
    } while (++walked_ < most_entries && dwarf_siblingof(&child, &child) == 0);
}

std::vector<Dwarf_Die> CodeScopes::at(std::uint64_t address) const {
    std::uint32_t innermost = no_parent;
    index_.around(address, [&](std::uint32_t scope) {
        if (innermost == no_parent || scopes_[scope].depth > scopes_[innermost].depth)
            innermost = scope;
        return true;
    });
    std::vector<Dwarf_Die> chain;
    for (std::uint32_t scope = innermost; scope != no_parent; scope = scopes_[scope].parent) // parents come before
        chain.push_back(scopes_[scope].die);
    return chain;
}

} // namespace tasks::inspect
