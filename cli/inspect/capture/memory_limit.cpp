#include "capture/memory_limit.hpp"

#include <charconv>
#include <string>

#include "capture/control_groups.hpp"

namespace tasks::inspect {
namespace {

constexpr std::uint64_t no_limit = 1ull << 60; // v1 writes 2^63 in whole pages for none

/// Nothing for "max", or a file that is not there.
std::optional<std::uint64_t> bytes_in(const std::string& path) {
    const auto text = inspect::read_file(path, 64);
    std::uint64_t bytes = 0;
    return text && std::from_chars(text->data(), text->data() + text->size(), bytes).ec == std::errc{}
               ? std::optional{bytes}
               : std::nullopt;
}

std::optional<MemoryLimit> limit_of(const std::string& directory, bool unified) {
    const auto limit = bytes_in(directory + (unified ? "/memory.max" : "/memory.limit_in_bytes"));
    const auto used = bytes_in(directory + (unified ? "/memory.current" : "/memory.usage_in_bytes"));
    return limit && used && *limit < no_limit ? std::optional{MemoryLimit{*limit, *used}} : std::nullopt;
}

std::uint64_t room(const MemoryLimit& limit) {
    return limit.limit_bytes > limit.used_bytes ? limit.limit_bytes - limit.used_bytes : 0;
}

} // namespace

std::optional<MemoryLimit> memory_limit(const World& world, std::uint32_t pid) {
    std::optional<MemoryLimit> least;
    each_control_group(world, pid, "memory", [&least](const std::string& directory, bool unified) {
        const auto limit = limit_of(directory, unified);
        if (limit && (!least || room(*limit) < room(*least))) {
            least = limit;
        }
    });
    return least;
}

} // namespace tasks::inspect
