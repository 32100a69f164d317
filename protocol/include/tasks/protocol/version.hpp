// The version of everything built from this tree.
#pragma once

#include <string_view>

namespace tasks::protocol {

inline constexpr std::string_view version = "0.1.0";

} // namespace tasks::protocol
