// The name of a function from its debug information entry. No state; reads through libdw only.
#pragma once

#include <elfutils/libdw.h>

#include <string>

namespace tasks::inspect {

/// The mangled name of a subprogram or inlined call, its origin and declaration followed; null: it has none (static
/// functions and lambdas of g++; C, where a linkage name is an alias for the linker: glibc's "__GI___read").
const char* linkage_name(Dwarf_Die* function);

/// The name as the source qualifies it, from the entries around the declaration: "a::(anonymous namespace)::b",
/// "submit(Backend&)::{lambda}". "" where it has no name.
std::string qualified_name(Dwarf_Die* function);

} // namespace tasks::inspect
