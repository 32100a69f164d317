// Sizes as people write them on the command line. Pure function.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasks::commands {

/// `4096`, `500M`, `8G`, `8GiB`, in bytes, from 1; units are powers of 1,024. Nothing for anything else, or more than
/// 2^64 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

} // namespace tasks::commands
