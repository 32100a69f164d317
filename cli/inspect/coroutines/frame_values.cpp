#include "coroutines/frame_values.hpp"

#include <dwarf.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "symbols/die_attributes.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t longest_type_name = 60;
constexpr std::size_t most_enumerators = 4096;
constexpr std::size_t most_bytes = 32; ///< of a value that is shown: a std::string has as many
constexpr std::uint64_t longest_string = 1u << 30;
constexpr int most_typedefs = 32;

std::optional<Dwarf_Die> plain_target(Dwarf_Die die) {
    for (int i = 0; i < most_typedefs; ++i) {
        if (!follow(die, DW_AT_type))
            return std::nullopt;
        const int tag = dwarf_tag(&die);
        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type)
            return die;
    }
    return std::nullopt;
}

std::uint64_t unsigned_at(const char* bytes, std::uint32_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, std::min<std::size_t>(size, sizeof value));
    return value;
}

std::int64_t signed_at(const char* bytes, std::uint32_t size) {
    const auto value = unsigned_at(bytes, size);
    const int unused = 64 - 8 * static_cast<int>(std::min<std::uint32_t>(size, 8));
    return static_cast<std::int64_t>(value << unused) >> unused;
}

/// A number, in hexadecimal digits or the shortest text that means it.
template <class... Format> std::string digits(auto value, Format... format) {
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, format...).ptr;
    return {text.data(), end};
}

std::string address(std::uint64_t value) { return "0x" + digits(value, 16); }

std::string floating(const char* bytes, std::uint32_t size) {
    if (size == sizeof(float)) {
        float value = 0;
        std::memcpy(&value, bytes, sizeof value);
        return digits(value);
    }
    double value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return digits(value);
}

void append_escaped(std::string& text, char c, char quote) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\n')
        text += "\\n";
    else if (c == '\t')
        text += "\\t";
    else if (c == '\r')
        text += "\\r";
    else if (c == quote || c == '\\')
        text += {'\\', c};
    else if (code < 0x20 || code >= 0x7f)
        text += (code < 0x10 ? "\\x0" : "\\x") + digits(static_cast<unsigned>(code), 16);
    else
        text += c;
}

std::string in_quotes(const std::string& bytes, bool cut) {
    std::string text = "\"";
    for (const char c : bytes)
        append_escaped(text, c, '"');
    return text + (cut ? "\"..." : "\"");
}

bool is_narrow(const std::string& name, const char* start) { return name.starts_with(start); }

} // namespace

FrameValues::Type FrameValues::base_type(Dwarf_Die die) const {
    Type type{Kind::unsigned_number, 0, own_name(die, longest_type_name), {}};
    switch (number_of(die, DW_AT_encoding).value_or(0)) {
    case DW_ATE_boolean:
        type.kind = Kind::boolean;
        break;
    case DW_ATE_float:
        type.kind = Kind::floating;
        break;
    case DW_ATE_signed:
        type.kind = Kind::signed_number;
        break;
    case DW_ATE_signed_char:
    case DW_ATE_unsigned_char:
        type.kind = type.name == "char"                 ? Kind::character
                    : type.name.starts_with("unsigned") ? Kind::unsigned_number
                                                        : Kind::signed_number;
        break;
    default:
        break;
    }
    const auto bytes = number_of(die, DW_AT_byte_size).value_or(0);
    const bool right_size = type.kind == Kind::floating ? bytes == 4 || bytes == 8 : bytes >= 1 && bytes <= 8;
    if (!right_size)
        type.kind = Kind::other;
    type.bytes = right_size ? static_cast<std::uint32_t>(bytes) : 0;
    return type;
}

FrameValues::Type FrameValues::enumeration_of(Dwarf_Die die) const {
    Type type{Kind::enumeration,
              static_cast<std::uint32_t>(number_of(die, DW_AT_byte_size).value_or(4)),
              own_name(die, longest_type_name),
              {}};
    if (type.bytes == 0 || type.bytes > 8)
        return {Kind::other, 0, type.name, {}};
    const std::uint64_t mask = type.bytes == 8 ? ~0ull : (1ull << (8 * type.bytes)) - 1;
    Dwarf_Die child;
    if (dwarf_child(&die, &child) != 0)
        return type;
    for (std::size_t i = 0; i < most_enumerators; ++i) {
        Dwarf_Attribute found;
        Dwarf_Sword value = 0;
        if (dwarf_tag(&child) == DW_TAG_enumerator && dwarf_attr(&child, DW_AT_const_value, &found) != nullptr &&
            dwarf_formsdata(&found, &value) == 0)
            type.enumerators.emplace(static_cast<std::uint64_t>(value) & mask, own_name(child, longest_type_name));
        if (dwarf_siblingof(&child, &child) != 0)
            break;
    }
    return type;
}

FrameValues::Type FrameValues::class_of(Dwarf_Die die) const {
    Type type{Kind::other, 0, own_name(die, longest_type_name), {}};
    const auto bytes = number_of(die, DW_AT_byte_size).value_or(0);
    // libstdc++: basic_string (new ABI) and basic_string_view, bits/basic_string.h, string_view
    if (is_narrow(type.name, "basic_string<char,") && bytes == 32)
        return {Kind::string, 16, type.name, {}};
    if (is_narrow(type.name, "basic_string_view<char,") && bytes == 16)
        return {Kind::string_view, 16, type.name, {}};
    return type;
}

FrameValues::Type FrameValues::understood(Dwarf_Die die) const {
    switch (dwarf_tag(&die)) {
    case DW_TAG_base_type:
        return base_type(die);
    case DW_TAG_enumeration_type:
        return enumeration_of(die);
    case DW_TAG_pointer_type:
    case DW_TAG_reference_type:
    case DW_TAG_rvalue_reference_type: {
        auto target = plain_target(die);
        const bool text = target && dwarf_tag(&*target) == DW_TAG_base_type && own_name(*target, 8) == "char" &&
                          dwarf_tag(&die) == DW_TAG_pointer_type;
        return {text ? Kind::char_pointer : Kind::pointer, 8, {}, {}};
    }
    default:
        return class_of(die);
    }
}

const FrameValues::Type& FrameValues::type_of(Dwarf* types, std::uint64_t offset) {
    const auto [entry, is_new] = types_.try_emplace({types, offset});
    Dwarf_Die die;
    if (is_new && dwarf_offdie(types, offset, &die) != nullptr)
        entry->second = understood(die);
    return entry->second;
}

std::string FrameValues::quoted(std::uint64_t address, std::uint64_t length) const {
    if (length > longest_string)
        return "?";
    std::string bytes(std::min<std::uint64_t>(length, longest_text), '\0');
    if (memory_.read(address, bytes) != bytes.size())
        return "?";
    return in_quotes(bytes, length > bytes.size());
}

std::string FrameValues::quoted_until_zero(std::uint64_t address) const {
    if (address == 0)
        return "null";
    std::string bytes(longest_text + 1, '\0');
    bytes.resize(memory_.read(address, bytes));
    const auto zero = bytes.find('\0');
    if (bytes.empty() || (zero == bytes.npos && bytes.size() <= longest_text))
        return "0x" + digits(address, 16);
    const bool cut = zero == bytes.npos;
    bytes.resize(cut ? longest_text : zero);
    return in_quotes(bytes, cut);
}

std::string FrameValues::text(const Type& type, const char* bytes) const {
    const auto value = unsigned_at(bytes, type.bytes);
    switch (type.kind) {
    case Kind::signed_number:
        return std::to_string(signed_at(bytes, type.bytes));
    case Kind::unsigned_number:
        return std::to_string(value);
    case Kind::floating:
        return floating(bytes, type.bytes);
    case Kind::boolean:
        return value == 0 ? "false" : value == 1 ? "true" : std::to_string(value);
    case Kind::character: {
        std::string quoted_char = "'";
        append_escaped(quoted_char, static_cast<char>(value), '\'');
        return quoted_char + "'";
    }
    case Kind::enumeration: {
        const auto known = type.enumerators.find(value);
        return known == type.enumerators.end() ? std::to_string(signed_at(bytes, type.bytes)) : known->second;
    }
    case Kind::pointer:
        return value == 0 ? "null" : address(value);
    case Kind::char_pointer:
        return quoted_until_zero(value);
    case Kind::string:
        return quoted(value, unsigned_at(bytes + 8, 8));
    case Kind::string_view:
        return quoted(unsigned_at(bytes + 8, 8), value);
    case Kind::other:
        break;
    }
    return "{" + type.name + "}";
}

std::vector<FrameValue> FrameValues::values(std::uint64_t frame, const FrameLayout& layout, Dwarf* types,
                                            Wanted wanted) {
    std::vector<FrameValue> values;
    for (const FrameMember& member : layout.members) {
        if (types == nullptr || member.type == 0 || member.await_number >= 0 || values.size() >= most_values)
            continue;
        if (member.argument ? !wanted.arguments : !wanted.locals)
            continue;
        const Type& type = type_of(types, member.type);
        std::array<char, most_bytes> bytes{};
        const std::size_t size = std::min<std::size_t>(type.bytes, bytes.size());
        const bool read = memory_.read(frame + member.field.offset, {bytes.data(), size}) == size;
        values.push_back({member.name, read ? text(type, bytes.data()) : "?", !member.argument});
    }
    return values;
}

} // namespace tasks::inspect
