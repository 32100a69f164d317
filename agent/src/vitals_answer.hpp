// The answer to a VitalsRequest: what the process knows of itself as a whole. Everything comes from a few system calls
// and small /proc files, except the stacks' memory (see stack_memory.hpp), which is left out where there are more than
// 4,096 threads, and one pass over the own table. What could not be had stays unset. On the agent's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <tasks/protocol/messages.hpp>

#include "answer_context.hpp"
#include "workspace.hpp"

namespace tasks::agent {

/// `own_fds`: those of the server, not counted among the host's. The name is a view into the context.
protocol::VitalsAnswer vitals_now(const AnswerContext& context, Workspace& workspace, std::size_t own_fds) noexcept;

/// Started minus ended in the last minute: `living_now` against the newest look in the history that is at least a
/// minute old. None so old: no job lived then, since the history is written while jobs live. Unset: jobs lived at that
/// look, which is over two minutes old, as happens with a longer interval of the history.
std::optional<std::int64_t> jobs_last_minute(const protocol::TableFacts& facts, std::int64_t living_now,
                                             std::uint64_t now_ns) noexcept;

} // namespace tasks::agent
