#include "commands/size.hpp"

#include <charconv>
#include <limits>

namespace tasks::commands {

std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::string_view units = "KMGT";
    std::uint64_t count = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
    if (end.ec != std::errc{} || count == 0) {
        return std::nullopt;
    }
    auto unit = text.substr(static_cast<std::size_t>(end.ptr - text.data()));
    if (unit.ends_with("iB") && unit.size() == 3) {
        unit.remove_suffix(2);
    }
    const auto power = unit.size() == 1 ? units.find(unit.front()) : units.npos;
    if (!unit.empty() && power == units.npos) {
        return std::nullopt;
    }
    const auto shift = unit.empty() ? 0 : (power + 1) * 10;
    return count <= std::numeric_limits<std::uint64_t>::max() >> shift ? std::optional{count << shift} : std::nullopt;
}

} // namespace tasks::commands
