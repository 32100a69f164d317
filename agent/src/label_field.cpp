#include "label_field.hpp"

#include <algorithm>

namespace tasks::agent {
namespace {

bool continues_a_character(char byte) noexcept { return (static_cast<unsigned char>(byte) & 0xc0u) == 0x80u; }

} // namespace

std::size_t kept_bytes(std::string_view text) noexcept {
    constexpr std::size_t longest_character = 4;
    const std::size_t end = std::min(text.size(), text.substr(0, label_bytes + 1).find('\0'));
    if (end <= label_bytes)
        return end;
    // Not UTF-8 where no character begins in the last bytes: cut anywhere.
    for (std::size_t cut = label_bytes; cut > label_bytes - longest_character; --cut)
        if (!continues_a_character(text[cut]))
            return cut;
    return label_bytes;
}

} // namespace tasks::agent
