// What the answers are made from. The server and its clients see the rest of the agent only through this.
// Everything here is called on the agent's thread while it serves: no allocation, no lock of the host's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <tasks/protocol/messages.hpp>
#include <tasks/protocol/table_reader.hpp>

#include "identity.hpp"

namespace tasks::agent {

/// The counts that only the registry knows.
class Counts {
public:
    virtual ~Counts() = default;
    virtual protocol::CountsAnswer now() noexcept = 0;

    /// Jobs ever started and ended. Nothing: not known without a look at every record of the table (60 ms a million).
    struct Jobs {
        std::uint64_t started = 0;
        std::uint64_t ended = 0;
    };
    virtual std::optional<Jobs> jobs_ever() noexcept { return {}; }
};

/// Work of the agent's thread besides answering: growing the table ahead of need, the history.
class Chores {
public:
    virtual ~Chores() = default;
    /// Does what is due; returns the CLOCK_MONOTONIC nanoseconds at which it wants to be called again at the latest,
    /// UINT64_MAX: only when woken.
    virtual std::uint64_t run(std::uint64_t now_ns) noexcept = 0;
};

struct AnswerContext {
    const Identity& identity;
    Counts& counts;
    protocol::TableReader* table = nullptr; ///< of our own table; null: there is none, TasksRequest answers no tasks
    std::uint32_t agent_tid = 0;
    std::uint64_t table_cap_bytes = 0;
    std::size_t other_fds = 0; ///< the agent's own besides the server's (directory, table): not counted as the host's
};

} // namespace tasks::agent
