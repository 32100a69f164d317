// Paths of source files as debug information has them. No state; no I/O.
#pragma once

#include <elfutils/libdw.h>

#include <string>

namespace tasks::inspect {

/// Where the compiler ran; "" where the unit does not tell.
std::string compiler_directory(Dwarf_Die& unit);

/// Compilers write a path as they were given it, "/src/build/../lib/a.cpp", and clang one below the directory that it
/// ran in without that: "lib/a.cpp". This is the whole path, or "".
std::string tidy_path(const char* path, const std::string& directory);

} // namespace tasks::inspect
