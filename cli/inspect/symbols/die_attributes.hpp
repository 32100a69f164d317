// Attributes of a debug information entry, read through libdw. No state.
#pragma once

#include <elfutils/libdw.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tasks::inspect {

/// Its own name, up to `longest` bytes of it; "" where it has none.
std::string own_name(Dwarf_Die& die, std::size_t longest);

/// A constant; nothing: it has none, or no number.
std::optional<std::uint64_t> number_of(Dwarf_Die& die, unsigned attribute);

/// Makes it the entry that the attribute refers to. False: it refers to none, and stays as it is.
bool follow(Dwarf_Die& die, unsigned attribute);

/// The entry that it stands for: of an inlined call and of link-time optimization its origin, else its declaration.
/// Broken files have loops: to be called so often at the most.
inline constexpr int most_declarations = 8;
bool follow_declaration(Dwarf_Die& die);

} // namespace tasks::inspect
