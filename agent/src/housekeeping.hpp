// What the agent's thread does besides answering: grows the table ahead of need, and writes the history.
// Sleeps for good while no job is registered; at most one wake-up in an interval (10 s or more) otherwise, but for the
// watchdog, where the host asked for one.
#pragma once

#include <cstdint>

#include "answer_context.hpp"
#include "registry.hpp"
#include "watchdog.hpp"

namespace tasks::agent {

class Housekeeping final : public Chores {
public:
    Housekeeping(Registry& registry, std::uint64_t history_interval_ns, Watchdog* watchdog = nullptr) noexcept
        : registry_(registry), history_interval_ns_(history_interval_ns), watchdog_(watchdog) {}

    std::uint64_t run(std::uint64_t now_ns) noexcept override;

private:
    std::uint64_t look_after_table(std::uint64_t now_ns) noexcept;
    bool sample(std::uint64_t now_ns) noexcept;

    Registry& registry_;
    std::uint64_t history_interval_ns_;
    Watchdog* watchdog_; ///< null: none was asked for
    std::uint64_t next_sample_ns_ = 0;
    std::uint64_t started_before_ = 0;
    std::uint64_t ended_before_ = 0;
};

} // namespace tasks::agent
