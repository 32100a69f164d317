#include <tasks/agent.hpp>

#include <algorithm>
#include <cstring>
#include <string>

#include "agent_share.hpp"

namespace tasks {

Agent::Agent(const AgentOptions& options) noexcept {
    std::string problem;
    run_ = agent::take_share(options, problem);
    error_bytes_ = std::min(problem.size(), sizeof error_ - 1);
    std::memcpy(error_, problem.data(), error_bytes_);
}

Agent::~Agent() { agent::give_share(run_); }

} // namespace tasks
