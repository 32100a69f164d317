#include "render/clean.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace tasks::render {

namespace {

struct CodePoint {
    std::uint32_t value = 0;
    std::size_t bytes = 0; ///< 0: the text does not begin with a valid UTF-8 sequence
};

std::uint32_t byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
CodePoint decode(std::string_view text) {
    const auto lead = byte_at(text, 0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) {
        return {};
    }
    auto value = lead & (0x7fu >> bytes);
    for (std::size_t at = 1; at < bytes; ++at) {
        if ((byte_at(text, at) & 0xc0) != 0x80) {
            return {};
        }
        value = value << 6 | (byte_at(text, at) & 0x3f);
    }
    const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
    const bool outside = value > 0x10ffff || (value >= 0xd800 && value < 0xe000);
    return overlong || outside ? CodePoint{} : CodePoint{value, bytes};
}

bool is_harmful(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xe0000 && c < 0xe0080);
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7f; }

} // namespace

std::string clean(std::string_view text) {
    std::string cleaned;
    cleaned.reserve(text.size());
    while (!text.empty()) {
        const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, is_plain) - text.begin());
        cleaned.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty()) {
            break;
        }
        const auto [value, bytes] = decode(text);
        if (bytes == 0 || value < 0x80) {
            cleaned += fmt::format("\\x{:02x}", byte_at(text, 0));
        } else if (is_harmful(value)) {
            cleaned += fmt::format("\\u{:04x}", value);
        } else {
            cleaned.append(text.substr(0, bytes));
        }
        text.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return cleaned;
}

std::size_t width(std::string_view cleaned) noexcept {
    return static_cast<std::size_t>(
        std::ranges::count_if(cleaned, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut_to(std::string cleaned, std::size_t columns) {
    constexpr std::string_view dots = "...";
    if (width(cleaned) <= columns || columns < dots.size()) {
        return cleaned;
    }
    std::size_t at = 0;
    for (auto left = columns - dots.size(); left > 0; --left) {
        at += decode(std::string_view(cleaned).substr(at)).bytes;
    }
    cleaned.resize(at);
    return cleaned.append(dots);
}

} // namespace tasks::render
