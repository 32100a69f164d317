#include "checked_options.hpp"

#include <algorithm>

#include <tasks/protocol/table_reader.hpp>

namespace tasks::agent {
namespace {

constexpr std::uint64_t ms = 1'000'000;
constexpr std::uint64_t second = 1000 * ms;

} // namespace

CheckedOptions checked(const AgentOptions& options) noexcept {
    CheckedOptions within;
    within.table.cap_bytes =
        std::clamp<std::size_t>(options.table_cap_bytes, least_table_bytes, protocol::max_table_bytes);
    within.table.initial_bytes =
        std::clamp<std::size_t>(options.table_initial_bytes, least_table_bytes, within.table.cap_bytes);
    within.deadline_ns = std::clamp(options.deadline_ms * ms, 10 * ms, 600 * second);
    within.history_interval_ns = std::clamp(options.history_interval_s * second, 10 * second, 3600 * second);
    return within;
}

} // namespace tasks::agent
