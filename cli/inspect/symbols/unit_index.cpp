#include "symbols/unit_index.hpp"

#include <dwarf.h>

namespace tasks::inspect {

namespace {

// A browser has 40,000 units; a range is a function where each has its own section.
constexpr std::size_t most_units = 1'000'000;
constexpr std::size_t most_ranges = 4'000'000;

bool may_hold_code(std::uint8_t type) { return type == DW_UT_compile || type == DW_UT_skeleton; }

} // namespace

UnitIndex::UnitIndex(Dwarf* dwarf) {
    Dwarf_CU* unit = nullptr;
    Dwarf_Die die;
    std::uint8_t type = 0;
    for (std::size_t i = 0; i < most_units; ++i) {
        if (dwarf_get_units(dwarf, unit, &unit, nullptr, &type, &die, nullptr) != 0)
            break;
        if (!may_hold_code(type))
            continue;
        Dwarf_Addr base = 0;
        Dwarf_Addr start = 0;
        Dwarf_Addr end = 0;
        for (ptrdiff_t at = 0; (at = dwarf_ranges(&die, at, &base, &start, &end)) > 0 && units_.size() < most_ranges;)
            units_.add(start, end, die);
    }
    units_.seal();
}

std::optional<Dwarf_Die> UnitIndex::unit_at(std::uint64_t address) const {
    const Dwarf_Die* unit = units_.innermost(address);
    return unit == nullptr ? std::nullopt : std::optional{*unit};
}

} // namespace tasks::inspect
