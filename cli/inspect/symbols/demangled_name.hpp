// A linkage name as it was written in the source. No state.
#pragma once

#include <string>

namespace tasks::inspect {

/// Longer names stay as they are: the longest of a large Asio service has 3,000 characters.
inline constexpr std::size_t longest_mangled_name = 4096;

/// "_ZN1a1bEi" becomes "a::b(int)"; what is no C++ linkage name comes back without its version: "read@@GLIBC_2.2.5" is
/// "read".
std::string demangled_name(const char* linkage_name);

} // namespace tasks::inspect
