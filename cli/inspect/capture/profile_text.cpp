#include "capture/profile_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <tasks/protocol/messages.hpp>

namespace tasks::inspect::profile {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t longest_seconds = ~0ull / second_ns - 1;

std::optional<unsigned> digit_of(char letter) {
    if (letter >= '0' && letter <= '9') {
        return static_cast<unsigned>(letter - '0');
    }
    const char lower = static_cast<char>(letter | 0x20);
    return lower >= 'a' && lower <= 'f' ? std::optional{static_cast<unsigned>(lower - 'a' + 10)} : std::nullopt;
}

std::optional<char> byte_of(std::string_view digits) {
    const auto high = digits.size() >= 2 ? digit_of(digits[0]) : std::nullopt;
    const auto low = digits.size() >= 2 ? digit_of(digits[1]) : std::nullopt;
    return high && low ? std::optional{static_cast<char>(*high << 4 | *low)} : std::nullopt;
}

std::optional<std::uint32_t> sextet_of(char letter) {
    if (letter >= 'A' && letter <= 'Z') {
        return static_cast<std::uint32_t>(letter - 'A');
    }
    if (letter >= 'a' && letter <= 'z') {
        return static_cast<std::uint32_t>(letter - 'a' + 26);
    }
    if (letter >= '0' && letter <= '9') {
        return static_cast<std::uint32_t>(letter - '0' + 52);
    }
    return letter == '+' ? std::optional{62u} : letter == '/' ? std::optional{63u} : std::nullopt;
}

/// The seconds and thousandths at the end of a duration: `4.005s`.
std::optional<std::uint64_t> seconds_ns(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == text.npos || text.size() != dot + 5 || text.back() != 's') {
        return std::nullopt;
    }
    const auto thousandths = text.substr(dot + 1, 3);
    const auto whole = number(text.substr(0, dot));
    const bool digits = std::ranges::all_of(thousandths, [](char c) { return c >= '0' && c <= '9'; });
    const auto part = digits ? number(thousandths) : std::nullopt;
    if (!whole || !part || *whole > longest_seconds) {
        return std::nullopt;
    }
    return *whole * second_ns + *part * (second_ns / 1000);
}

} // namespace

std::vector<std::string_view> fields_of(std::string_view line) {
    std::vector<std::string_view> fields;
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    while (!line.empty() && fields.size() < max_fields) {
        const auto end = std::min(line.find("  "), line.size());
        fields.push_back(line.substr(0, end));
        line.remove_prefix(std::min(line.size(), end + 2));
    }
    return fields;
}

std::string unescaped(std::string_view field) {
    std::string text;
    if (field == "-") {
        return text;
    }
    for (std::size_t at = 0; at < field.size() && text.size() < protocol::max_string_bytes; ++at) {
        const auto byte = field.substr(at).starts_with("\\x") ? byte_of(field.substr(at + 2)) : std::nullopt;
        text += byte.value_or(field[at]);
        at += byte ? 3u : 0u;
    }
    return text;
}

std::optional<std::uint64_t> number(std::string_view field) {
    const bool hexadecimal = field.starts_with("0x");
    field.remove_prefix(hexadecimal ? 2 : 0);
    std::uint64_t value = 0;
    const auto end = std::from_chars(field.data(), field.data() + field.size(), value, hexadecimal ? 16 : 10);
    return end.ec == std::errc{} && end.ptr == field.data() + field.size() ? std::optional{value} : std::nullopt;
}

std::optional<std::uint64_t> duration(std::string_view field) {
    struct Unit {
        char letter;
        std::uint64_t seconds;
    };
    std::uint64_t before = 0;
    for (const auto& [letter, seconds] : {Unit{'d', 86'400}, Unit{'h', 3'600}, Unit{'m', 60}}) {
        const auto end = field.find(letter);
        if (end == field.npos) {
            continue;
        }
        const auto count = number(field.substr(0, end));
        if (!count || *count > longest_seconds / seconds || before > longest_seconds - *count * seconds) {
            return std::nullopt;
        }
        before += *count * seconds;
        field.remove_prefix(end + 1);
    }
    const auto rest = seconds_ns(field);
    if (!rest || *rest / second_ns > longest_seconds - before) {
        return std::nullopt;
    }
    return before * second_ns + *rest;
}

std::optional<std::string> from_base64(std::string_view letters) {
    if (letters.size() % 4 != 0) {
        return std::nullopt;
    }
    std::size_t padding = 0;
    while (padding < 2 && letters.ends_with('=')) {
        letters.remove_suffix(1);
        ++padding;
    }
    std::string bytes;
    std::uint32_t bits = 0;
    for (std::size_t at = 0; at < letters.size(); ++at) {
        const auto sextet = sextet_of(letters[at]);
        if (!sextet) {
            return std::nullopt;
        }
        bits = bits << 6 | *sextet;
        if (at % 4 != 0) {
            bytes += static_cast<char>(bits >> (6 - 2 * (at % 4)) & 0xff);
        }
    }
    return bytes;
}

std::optional<std::string> from_hexadecimal(std::string_view digits) {
    std::string bytes;
    for (; !digits.empty(); digits.remove_prefix(2)) {
        const auto byte = byte_of(digits);
        if (!byte) {
            return std::nullopt;
        }
        bytes += *byte;
    }
    return bytes;
}

bool take_keyword(std::string_view& field, std::string_view keyword) {
    if (!field.starts_with(keyword) || field.size() <= keyword.size() || field[keyword.size()] != ' ') {
        return false;
    }
    field.remove_prefix(keyword.size() + 1);
    return true;
}

std::optional<std::string_view> take_word(std::string_view& words) {
    if (words.empty()) {
        return std::nullopt;
    }
    const auto word = words.substr(0, words.find(' '));
    words.remove_prefix(std::min(words.size(), word.size() + 1));
    return word;
}

} // namespace tasks::inspect::profile
