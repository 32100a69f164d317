#include "symbols/die_attributes.hpp"

#include <dwarf.h>

#include <cstring>

namespace tasks::inspect {

std::string own_name(Dwarf_Die& die, std::size_t longest) {
    const char* name = dwarf_diename(&die);
    return name == nullptr ? std::string{} : std::string{name, ::strnlen(name, longest)};
}

std::optional<std::uint64_t> number_of(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute found;
    Dwarf_Word value = 0;
    if (dwarf_attr(&die, attribute, &found) == nullptr || dwarf_formudata(&found, &value) != 0)
        return std::nullopt;
    return value;
}

bool follow(Dwarf_Die& die, unsigned attribute) {
    Dwarf_Attribute reference;
    Dwarf_Die target;
    if (dwarf_attr(&die, attribute, &reference) == nullptr || dwarf_formref_die(&reference, &target) == nullptr)
        return false;
    die = target;
    return true;
}

bool follow_declaration(Dwarf_Die& die) {
    return follow(die, DW_AT_abstract_origin) || follow(die, DW_AT_specification);
}

} // namespace tasks::inspect
