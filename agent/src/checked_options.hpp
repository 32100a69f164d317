// What the host asked for, within what the agent can do: a number outside of its range becomes the nearest one inside.
// Pure; a number is no reason not to start.
#pragma once

#include <cstdint>

#include <tasks/agent.hpp>

#include "table_file.hpp"

namespace tasks::agent {

struct CheckedOptions {
    TableLimits table;                     ///< 64 KiB to 16 GiB; the initial size is at most the cap
    std::uint64_t deadline_ns = 0;         ///< 10 ms to 10 minutes
    std::uint64_t history_interval_ns = 0; ///< 10 s to an hour
};

CheckedOptions checked(const AgentOptions& options) noexcept;

} // namespace tasks::agent
