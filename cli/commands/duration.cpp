#include "commands/duration.hpp"

#include <array>
#include <charconv>
#include <limits>

namespace tasks::commands {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t ns;
};
constexpr std::uint64_t ms = 1'000'000;
constexpr std::array<Unit, 5> units{
    {{"ms", ms}, {"s", 1'000 * ms}, {"m", 60'000 * ms}, {"h", 3'600'000 * ms}, {"d", 86'400'000 * ms}}};

} // namespace

std::optional<std::uint64_t> parse_duration(std::string_view text) {
    std::uint64_t count = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
    if (end.ec != std::errc{}) {
        return std::nullopt;
    }
    const auto name = text.substr(static_cast<std::size_t>(end.ptr - text.data()));
    for (const auto& unit : units) {
        if (name == unit.name) {
            return count <= std::numeric_limits<std::uint64_t>::max() / unit.ns ? std::optional{count * unit.ns}
                                                                                : std::nullopt;
        }
    }
    return std::nullopt;
}

} // namespace tasks::commands
