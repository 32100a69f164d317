// Counts by kind, state and wait reason.
#include <algorithm>
#include <utility>

#include "analysis/analyse.hpp"

namespace tasks::inspect {

using protocol::State;

namespace {

void add_wait(std::map<protocol::WaitReason, WaitCount>& waits, const TaskView& task) {
    auto& wait = waits[task.wait_reason];
    wait.reason = task.wait_reason;
    ++wait.count;
    if (!task.from_thread && task.age != TaskView::unknown_age) {
        wait.oldest_ns = std::max(wait.oldest_ns.value_or(0), task.age);
    }
}

// How many tasks there are. Without the threads, what the process itself said; of a dead one the registered tasks are
// all that is left.
std::optional<std::uint64_t> total(const Snapshot& snapshot, std::uint64_t counted) {
    if (snapshot.threads_known || snapshot.process.agent == AgentState::dead) {
        return counted;
    }
    return snapshot.vitals.tasks; // no coroutine was found then, or the threads would have been captured too
}

} // namespace

VitalsReport analyse_vitals(const Snapshot& snapshot) {
    VitalsReport report;
    report.process = snapshot.process;
    report.taken_at_realtime_ns = snapshot.taken_at_realtime_ns;
    report.figures = snapshot.vitals;
    report.incomplete = snapshot.incomplete;

    const TaskList list(snapshot);
    std::map<protocol::WaitReason, WaitCount> waits;
    std::uint64_t counted = 0;
    for (std::uint32_t slot = 0; slot < list.slots(); ++slot) {
        if (!list.is_task(slot)) {
            continue;
        }
        ++counted;
        const auto task = list.at(slot);
        ++report.by_kind[task.kind];
        ++report.by_state[task.state];
        if (task.state == State::waiting) {
            add_wait(waits, task);
        }
    }
    report.tasks = total(snapshot, counted);
    for (const auto& [reason, wait] : waits) {
        report.by_wait.push_back(wait);
        if (wait.oldest_ns) {
            report.oldest_wait_ns = std::max(report.oldest_wait_ns.value_or(0), *wait.oldest_ns);
        }
    }
    std::ranges::sort(report.by_wait, {}, [](const WaitCount& wait) { return std::pair(~wait.count, wait.reason); });
    return report;
}

} // namespace tasks::inspect
