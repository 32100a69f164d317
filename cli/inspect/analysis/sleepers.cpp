#include "analysis/sleepers.hpp"

#include <algorithm>
#include <array>

namespace tasks::inspect {

using protocol::Capture;
using protocol::State;
using protocol::WaitReason;

namespace {

/// Only what the process itself does raises these, or glibc's own use of 32 and 33.
constexpr std::array own_signals{4, 5, 6, 7, 8, 11, 13, 31, 32, 33};

bool signals_may_wake(std::uint64_t caught) {
    for (const auto signal : own_signals) {
        caught &= ~(std::uint64_t{1} << (signal - 1));
    }
    return caught != 0;
}

/// What a tasks::Wait says that another task of the process ends.
bool inside(WaitReason reason) {
    switch (reason) {
    case WaitReason::chan_send:
    case WaitReason::chan_receive:
    case WaitReason::select:
    case WaitReason::mutex:
    case WaitReason::rwlock_read:
    case WaitReason::rwlock_write:
    case WaitReason::cond:
    case WaitReason::semaphore:
    case WaitReason::barrier:
    case WaitReason::join:
    case WaitReason::future:
    case WaitReason::futex:
    case WaitReason::await:
    case WaitReason::nil:
    case WaitReason::job_queue:
    case WaitReason::once:
        return true;
    default:
        return false;
    }
}

bool sleeps(const TaskFacts& task) {
    const bool bound = task.tid != 0;
    return task.state == State::done || (task.state == State::waiting && inside(task.wait_reason)) ||
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
    return alive && any && snapshot.late_tids.empty() && !signals_may_wake(snapshot.caught_signals.value_or(~0ull)) &&
           std::ranges::all_of(snapshot.threads, [&](const auto& thread) { return sleeps(thread, graph); }) &&
           std::ranges::all_of(snapshot.tasks, [](const auto& task) { return sleeps(task); });
}

} // namespace tasks::inspect
