// Which compilation unit an address belongs to. Made from the units' own ranges: clang writes no .debug_aranges, and a
// program may mix units with and without. Refers to the Dwarf it was made with. Value type.
#pragma once

#include <elfutils/libdw.h>

#include <optional>

#include "symbols/range_index.hpp"

namespace tasks::inspect {

class UnitIndex {
public:
    explicit UnitIndex(Dwarf* dwarf);

    std::optional<Dwarf_Die> unit_at(std::uint64_t address) const;

private:
    RangeIndex<Dwarf_Die> units_;
};

} // namespace tasks::inspect
