#include "analysis/table_verdict.hpp"

#include <algorithm>

#include "analysis/leak_verdicts.hpp"

namespace tasks::inspect {

using protocol::State;
using protocol::WaitReason;

namespace {

/// The thread that holds such a wait may have woken meanwhile, which its record does not tell.
bool may_be_at_work(const protocol::Task& task) {
    return task.tid != 0 && (task.wait_reason == WaitReason::sleep || task.wait_reason == WaitReason::timer ||
                             task.wait_reason == WaitReason::poll);
}

std::optional<Verdict> verdict_on(const Crowd& crowd, const RegisteredPast& past) {
    if (const auto found = never_resumable(crowd, {}, "")) {
        return found->verdict;
    }
    if (const auto found = growing_or_looping(crowd, past, {}, "")) {
        return found->verdict;
    }
    const auto found = stuck(crowd, past, {});
    return found ? std::optional{found->verdict} : std::nullopt;
}

} // namespace

void TableVerdict::take(const protocol::WaitObject& object) {
    if (object.address != 0 && object.handles_ended_ns != 0) {
        unheld_.emplace(object.address, object.handles_ended_ns);
    }
}

void TableVerdict::take(const protocol::Task& task) {
    if (task.awaited_by != 0) { // a frame of that one's stack
        return;
    }
    if (task.started_ns != 0) {
        born_ns_.push_back(task.started_ns);
    }
    if ((task.state != State::waiting && task.state != State::done) || may_be_at_work(task)) {
        return;
    }
    const auto began_at = task.scope_count == 0 ? 0 : task.scopes.front();
    auto& crowd = crowds_[{task.kind, task.state, task.wait_reason, began_at, task.wait_site}];
    crowd.kind = task.kind;
    crowd.state = task.state;
    crowd.wait_reason = task.wait_reason;
    crowd.registered = true;
    ++crowd.count;
    if (task.since_ns == 0 || task.since_ns > now_ns_) {
        return;
    }
    const auto still_ns = now_ns_ - task.since_ns;
    if (const auto unheld = unheld_.find(task.wait_object); unheld != unheld_.end()) {
        crowd.unheld_ns.push_back(std::min(still_ns, now_ns_ - std::min(now_ns_, unheld->second)));
    }
    crowd.waited_ns.push_back(still_ns);
    if (task.started_ns != 0 && task.started_ns <= now_ns_) {
        crowd.born_ns.push_back(task.started_ns);
        crowd.restless += still_ns < (now_ns_ - task.started_ns) / 2 ? 1u : 0u;
    }
}

void TableVerdict::take(const protocol::SiteCounts& counts) {
    auto& life = lives_[counts.site];
    life.births += counts.births;
    life.deaths += counts.deaths;
}

std::optional<Verdict> TableVerdict::surest(const protocol::TableFacts& facts, const protocol::TableTotals& totals) {
    std::ranges::sort(born_ns_);
    const RegisteredPast past{now_ns_, facts.started_at_ns, facts.history, totals.jobs_started, totals.jobs_ended,
                              born_ns_};
    std::optional<Verdict> surest;
    for (auto& [place, crowd] : crowds_) {
        std::ranges::sort(crowd.born_ns);
        std::ranges::sort(crowd.waited_ns);
        if (const auto life = lives_.find(std::get<3>(place)); life != lives_.end()) {
            crowd.site = life->second;
        }
        const auto verdict = verdict_on(crowd, past);
        surest = verdict && (!surest || *verdict < *surest) ? verdict : surest;
    }
    return surest;
}

} // namespace tasks::inspect
