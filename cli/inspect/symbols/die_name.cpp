#include "symbols/die_name.hpp"

#include <dwarf.h>

#include <optional>
#include <vector>

#include "symbols/demangled_name.hpp"
#include "symbols/die_attributes.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t deepest_scope = 64;
constexpr std::size_t most_siblings = 1'000'000;
constexpr std::size_t longest_name = 4096;

Dwarf_Die declaration_of(Dwarf_Die die) {
    for (int i = 0; i < most_declarations && follow_declaration(die); ++i) {
    }
    return die;
}

// libdw keeps no parents. Entries lie in the order of their offsets, so the way down to one is the last child that
// does not lie behind it, level by level.
std::optional<Dwarf_Die> child_towards(Dwarf_Die& parent, Dwarf_Off wanted) {
    Dwarf_Die child;
    if (dwarf_child(&parent, &child) != 0 || dwarf_dieoffset(&child) > wanted)
        return std::nullopt;
    Dwarf_Die next;
    for (std::size_t i = 0; i < most_siblings && dwarf_siblingof(&child, &next) == 0; ++i) {
        if (dwarf_dieoffset(&next) > wanted)
            break;
        child = next;
    }
    return child;
}

std::vector<Dwarf_Die> scopes_around(Dwarf_Die& die) {
    std::vector<Dwarf_Die> scopes;
    Dwarf_Die scope;
    if (dwarf_diecu(&die, &scope, nullptr, nullptr) == nullptr)
        return scopes;
    const Dwarf_Off wanted = dwarf_dieoffset(&die);
    while (scopes.size() < deepest_scope) {
        auto child = child_towards(scope, wanted);
        if (!child || dwarf_dieoffset(&*child) == wanted)
            break;
        scope = *child;
        scopes.push_back(scope);
    }
    return scopes;
}

bool is_lambda(const std::string& class_name) { return class_name.empty() || class_name.starts_with("<lambda"); }

// Appends a scope; a function's demangled linkage name has its own scopes in it.
void append_scope(Dwarf_Die& scope, std::string& name) {
    const int tag = dwarf_tag(&scope);
    if (tag == DW_TAG_subprogram) {
        const char* linkage = linkage_name(&scope);
        name = (linkage != nullptr ? demangled_name(linkage) : qualified_name(&scope)) + "::";
        return;
    }
    if (tag != DW_TAG_namespace && tag != DW_TAG_structure_type && tag != DW_TAG_class_type && tag != DW_TAG_union_type)
        return;
    const std::string own = own_name(scope, longest_name);
    if (tag == DW_TAG_namespace)
        name += own.empty() ? "(anonymous namespace)" : own;
    else
        name += is_lambda(own) ? "{lambda}" : own;
    name += "::";
}

} // namespace

const char* linkage_name(Dwarf_Die* function) {
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute) == nullptr &&
        dwarf_attr_integrate(function, DW_AT_MIPS_linkage_name, &attribute) == nullptr)
        return nullptr;
    const char* name = dwarf_formstring(&attribute);
    return name != nullptr && name[0] == '_' && (name[1] == 'Z' || name[1] == 'R') ? name : nullptr;
}

std::string qualified_name(Dwarf_Die* function) {
    Dwarf_Die declaration = declaration_of(*function);
    const std::string own = own_name(declaration, longest_name);
    if (own.empty())
        return {};
    std::string scopes;
    for (Dwarf_Die& scope : scopes_around(declaration)) {
        append_scope(scope, scopes);
        if (scopes.size() > longest_name)
            return own;
    }
    if (own == "operator()" && scopes.ends_with("{lambda}::"))
        return scopes.substr(0, scopes.size() - 2);
    return scopes + own;
}

} // namespace tasks::inspect
