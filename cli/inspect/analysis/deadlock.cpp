#include "analysis/deadlock.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace tasks::inspect {
namespace {

/// The steady edge of each waiter: a thread waits in one place.
using Waits = std::map<std::uint32_t, const WaitEdge*>;

class Cycles {
public:
    Cycles(const Waits& waits, std::vector<Finding>& into) : waits_(waits), into_(into) {}

    /// Each waiter waits for one: a walk that comes back to itself has found a cycle, one that meets an earlier walk
    /// has not.
    void from(std::uint32_t start) {
        std::vector<WaitEdge> walk;
        auto tid = start;
        for (; !walk_of_.contains(tid); tid = walk.back().holder_tid) {
            walk_of_[tid] = start;
            const auto found = waits_.find(tid);
            if (found == waits_.end()) {
                return;
            }
            walk.push_back(*found->second);
        }
        if (walk_of_[tid] == start) {
            add({std::ranges::find(walk, tid, &WaitEdge::waiter_tid), walk.end()});
        }
    }

private:
    void add(std::vector<WaitEdge> cycle) {
        std::ranges::rotate(cycle, std::ranges::min_element(cycle, {}, &WaitEdge::waiter_tid));
        into_.push_back({FindingKind::cycle, std::move(cycle)});
    }

    const Waits& waits_;
    std::vector<Finding>& into_;
    std::map<std::uint32_t, std::uint32_t> walk_of_; ///< which walk came by first, by its start
};

void add_orphans(const std::vector<WaitEdge>& edges, std::vector<Finding>& into) {
    std::map<std::pair<std::uint64_t, std::uint32_t>, std::vector<WaitEdge>> by_lock;
    for (const auto& edge : edges) {
        if (edge.holder_gone && edge.lock) {
            by_lock[{edge.lock->address, edge.holder_tid}].push_back(edge);
        }
    }
    for (auto& [lock, waiters] : by_lock) {
        into.push_back({FindingKind::orphan_lock, std::move(waiters)});
    }
}

} // namespace

std::vector<Finding> find_deadlocks(const std::vector<WaitEdge>& edges, bool all_asleep) {
    std::vector<Finding> findings;
    Waits waits;
    for (const auto& edge : edges) {
        if (edge.steady && !edge.holder_gone) {
            waits.emplace(edge.waiter_tid, &edge);
        }
    }
    Cycles cycles{waits, findings};
    for (const auto& wait : waits) {
        cycles.from(wait.first);
    }
    std::ranges::sort(findings, {}, [](const Finding& finding) { return finding.edges.front().waiter_tid; });
    add_orphans(edges, findings);
    if (all_asleep && findings.empty()) {
        findings.push_back({FindingKind::all_asleep, {}});
    }
    return findings;
}

} // namespace tasks::inspect
