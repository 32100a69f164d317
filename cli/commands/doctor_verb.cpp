// `tasks doctor [TARGET]`: what works here, or with that process, what does not, why, and what helps.
#include <algorithm>

#include "capture/machine_checks.hpp"
#include "capture/permission_cause.hpp"
#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"
#include "commands/verbs.hpp"
#include "discovery/place_checks.hpp"

namespace tasks::commands {
namespace {

using inspect::AgentState;
using inspect::Check;
using State = inspect::Check::State;

Check agent_check(const inspect::Snapshot& snapshot) {
    switch (snapshot.process.agent) {
    case AgentState::answers:
        return {State::works, "agent", "answers: jobs, waits, labels and their ages are known", ""};
    case AgentState::none:
        return {State::limited, "agent", "it has none: threads are known, jobs are not",
                "start it with tasks run, or link Tasks::agent"};
    case AgentState::refused:
        return {State::limited, "agent", "refuses us; its table is read instead", "run as its user or as root"};
    case AgentState::hung:
        return {State::missing, "agent", "does not answer; its table is read instead", "try a longer --timeout"};
    case AgentState::stopped:
        return {State::limited, "agent", "stands still, as the process does; its table is read instead", ""};
    case AgentState::dead:
    case AgentState::profile:
    case AgentState::core:
        break;
    }
    return {State::limited, "agent", "gone with its process; what it left is read", ""};
}

Check stacks_check(const inspect::World& world, const inspect::Snapshot& snapshot) {
    std::size_t read = 0;
    bool forbidden = false;
    for (const auto& thread : snapshot.threads) {
        read += thread.capture == protocol::Capture::captured ? 1 : 0;
        forbidden = forbidden || thread.capture == protocol::Capture::not_permitted;
    }
    const auto text = std::to_string(read) + " of " + std::to_string(snapshot.threads.size()) + " threads captured";
    if (read == snapshot.threads.size() && read != 0) {
        return {State::works, "stacks", text, ""};
    }
    return {read == 0 ? State::missing : State::limited, "stacks", text,
            forbidden ? inspect::permission_cause(world) : std::string{"the reasons are told below"}};
}

std::optional<inspect::Error> check_target(const inspect::World& world, const Invocation& asked,
                                           std::vector<Check>& checks) {
    auto snapshot = capture_target(world, asked, {});
    if (!snapshot) {
        return snapshot.error();
    }
    checks.push_back(agent_check(*snapshot));
    checks.push_back(stacks_check(world, *snapshot));
    const auto debug = check_files(world, *snapshot);
    if (!debug) {
        return debug.error();
    }
    checks.insert(checks.end(), debug->checks.begin(), debug->checks.end());
    for (const auto& [tid, reason] : debug->incomplete) {
        checks.push_back({State::limited, tid == 0 ? "capture" : "thread " + std::to_string(tid), reason, ""});
    }
    return std::nullopt;
}

} // namespace

Outcome doctor_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    auto checks = inspect::check_machine(world);
    checks.push_back(discovery::check_places(world));
    const bool has_target = asked.target.pid || !asked.target.name.empty();
    if (has_target) {
        if (auto error = check_target(world, asked, checks)) {
            return error;
        }
    }
    if (asked.json) {
        render::doctor_json(checks, output.sink);
    } else {
        render::doctor_text(checks, {output.colour}, output.sink);
    }
    output.finding = std::ranges::find(checks, State::missing, &Check::state) != checks.end();
    return std::nullopt;
}

} // namespace tasks::commands
