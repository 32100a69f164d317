// Text from a target, made safe for a terminal and valid as JSON: names, paths, functions and files are whatever the
// target says. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tasks::render {

/// The text with every control character (C0, DEL, C1), every character that reorders or hides text (bidirectional
/// marks, zero-width, line and paragraph separators) and every byte that is not UTF-8 written out: \x1b, \u202e.
std::string clean(std::string_view text);

/// Columns that cleaned text takes: its code points. Wide and combining characters are not looked up.
std::size_t width(std::string_view cleaned) noexcept;

/// Cleaned text of at most `columns` columns; what is longer ends in "...".
std::string cut_to(std::string cleaned, std::size_t columns);

} // namespace tasks::render
