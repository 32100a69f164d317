// Asks many agents at once who they are and how many tasks they have: one poll loop, all sockets non-blocking, the
// same deadline for each, so that those that hang cost together what one of them costs. Hello and the request for
// counts go out in one write. For `tasks list`: 200 agents are asked in the time that one takes to hang.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tasks/protocol/messages.hpp>

#include "capture/agent_client.hpp"

namespace tasks::inspect {

struct RollAnswer {
    std::string name; ///< what the host calls itself
    protocol::CountsAnswer counts;
};

/// The answers in the order of `asked`. `patience_ns`: how long each may take.
std::vector<Result<RollAnswer, AgentError>> call_roll(const World& world, const std::vector<const AgentFiles*>& asked,
                                                      std::uint64_t patience_ns);

} // namespace tasks::inspect
