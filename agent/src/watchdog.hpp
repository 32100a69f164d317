// The watchdog of AgentOptions::when_asleep: looks every three seconds whether all tasks are asleep; where two looks in
// a row say so, nothing having run in between, it has the process dump what they wait for and, if told so, abort. Once.
// Part of the housekeeping, on the agent's thread; without the option there is none.
#pragma once

#include <cstdint>
#include <optional>

#include <tasks/agent.hpp>

#include "sleepers.hpp"

namespace tasks::agent {

class Watchdog {
public:
    static constexpr std::uint64_t interval_ns = 3'000'000'000;

    Watchdog(Registry& registry, const AgentOptions& options) noexcept
        : sleepers_(registry, options.capture_signal), then_(options.when_asleep) {}

    /// Does what is due; returns when it wants to be called again.
    std::uint64_t run(std::uint64_t now_ns) noexcept;

private:
    void bark() noexcept;

    Sleepers sleepers_;
    WhenAsleep then_;
    std::uint64_t next_ns_ = 0;
    std::optional<std::uint64_t> before_; ///< the last look
};

} // namespace tasks::agent
