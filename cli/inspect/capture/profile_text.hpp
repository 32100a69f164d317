// The words of a profile's lines (protocol/PROFILE.md): fields two blanks apart, escapes, numbers, durations, base64.
// The file may come from anywhere: what does not fit the grammar gives nothing. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tasks::inspect::profile {

inline constexpr std::size_t max_fields = 32; ///< of one line; what follows is left

/// The fields of a line without its indent; views into it.
std::vector<std::string_view> fields_of(std::string_view line);

/// A text as the process had it: "-" is the empty one, \xHH a byte. At most protocol::max_string_bytes are kept.
std::string unescaped(std::string_view field);

/// The whole field as a number, decimal or with 0x.
std::optional<std::uint64_t> number(std::string_view field);

/// The same into a type that it fits; false, and `into` as it was, where it does not.
template <class Number> bool take_number(std::string_view field, Number& into) {
    const auto value = number(field);
    const bool fits = value.has_value() && *value <= std::uint64_t{std::numeric_limits<Number>::max()};
    into = fits ? static_cast<Number>(*value) : into;
    return fits;
}

/// 1d2h3m4.005s in nanoseconds.
std::optional<std::uint64_t> duration(std::string_view field);

/// RFC 4648; nothing where a letter is none of its alphabet or the length no multiple of four.
std::optional<std::string> from_base64(std::string_view letters);

/// An even number of digits of both cases as bytes.
std::optional<std::string> from_hexadecimal(std::string_view digits);

/// Takes "KEYWORD " from the beginning of a field; false where it does not begin so.
bool take_keyword(std::string_view& field, std::string_view keyword);

/// The words of a field, one blank apart.
std::optional<std::string_view> take_word(std::string_view& words);

} // namespace tasks::inspect::profile
