// What the agent's thread does besides answering: grows the table ahead of need, and writes the history.
// Sleeps for good while no job is registered; at most one wake-up in an interval (10 s or more) otherwise.
#pragma once

#include <cstdint>

#include "answer_context.hpp"
#include "registry.hpp"

namespace tasks::agent {

class Housekeeping final : public Chores {
public:
    Housekeeping(Registry& registry, std::uint64_t history_interval_ns) noexcept
        : registry_(registry), history_interval_ns_(history_interval_ns) {}

    std::uint64_t run(std::uint64_t now_ns) noexcept override;

private:
    bool sample(std::uint64_t now_ns) noexcept;

    Registry& registry_;
    std::uint64_t history_interval_ns_;
    std::uint64_t next_sample_ns_ = 0;
    std::uint64_t started_before_ = 0;
    std::uint64_t ended_before_ = 0;
};

} // namespace tasks::agent
