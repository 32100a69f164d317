#include "analysis/sleepers.hpp"

#include <algorithm>

#include <tasks/protocol/inner_ends.hpp>

namespace tasks::inspect {

using protocol::Capture;
using protocol::State;

namespace {

bool sleeps(const TaskFacts& task) {
    const bool bound = task.tid != 0;
    return task.state == State::done || (task.state == State::waiting && protocol::ended_inside(task.wait_reason)) ||
           (bound && task.state == State::running); // then its thread tells
}

bool sleeps(const ThreadFacts& thread, const WaitGraph& graph) {
    constexpr std::uint64_t private_flag = 128; // of futex: no other process can wake it
    if (thread.capture == Capture::exited) {
        return true;
    }
    return thread.wait.steady && ((thread.arguments[1] & private_flag) != 0 || graph.edge(thread.tid) != nullptr);
}

} // namespace

bool all_asleep(const Snapshot& snapshot, const WaitGraph& graph) {
    const auto state = snapshot.process.agent;
    const bool alive = state != AgentState::stopped && state != AgentState::dead && state != AgentState::profile;
    const bool any = std::ranges::any_of(snapshot.threads, [](const auto& thread) { return thread.wait.steady; });
    return alive && any && snapshot.late_tids.empty() &&
           protocol::sent_from_outside(snapshot.caught_signals.value_or(~0ull)) == 0 &&
           std::ranges::all_of(snapshot.threads, [&](const auto& thread) { return sleeps(thread, graph); }) &&
           std::ranges::all_of(snapshot.tasks, [](const auto& task) { return sleeps(task); });
}

} // namespace tasks::inspect
