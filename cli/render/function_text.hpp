// Function names as text shows them: short enough to read, long enough to find. Pure functions, any thread.
#pragma once

#include <string>
#include <string_view>

namespace tasks::render {

/// "submit(Backend&)::{lambda}" of "submit(Backend&)::{lambda()#1}::operator()() const",
/// "std::thread::_State_impl<...>::_M_run" of a page of template arguments. Each list of template arguments or
/// parameters longer than 24 characters becomes "..."; the return type, empty parentheses at the end and qualifiers go.
std::string short_function(std::string_view demangled);

/// As a creation or wait site is shown: "submit(...)" of "submit", whose parameters are not known; an address as it is.
std::string site_function(std::string_view function);

} // namespace tasks::render
