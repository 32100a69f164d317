#include "analysis/leak_verdicts.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace tasks::inspect {

using protocol::State;

namespace {

bool is_from_file(const ProcessFacts& process) { return process.from.kind != FileKind::none; }

/// Registered tasks grow by the table's history, all others by several looks.
std::vector<std::string> not_judged(const LeakReport& report) {
    std::vector<std::string> told;
    const auto& process = report.stacks.process;
    if (report.looks > 1) {
        return told;
    }
    if (is_from_file(process)) {
        return {"growth is not known, nor who waits longer than usual: a file is one look, without a past"};
    }
    if (process.agent == AgentState::dead) {
        if (report.past_ns.value_or(0) < least_past_ns) {
            told.emplace_back("growth is not known: the process ended before its agent had run for 20s");
        }
        return told;
    }
    const auto& tasks = report.stacks.list.snapshot().tasks;
    const auto others = report.stacks.tasks - std::min<std::uint64_t>(report.stacks.tasks, tasks.size());
    if (!report.past_ns) {
        told.emplace_back("growth is not known from one look without an agent's table; --for 10s tells");
    } else if (*report.past_ns < least_past_ns) {
        told.push_back("growth is not known yet: the agent has run for " +
                       std::to_string(*report.past_ns / 1'000'000'000) + "s; --for 10s tells");
    } else if (others > 1) {
        told.push_back("growth of the " + std::to_string(others) +
                       " tasks that are not registered is not known from one look; --for 10s tells");
    }
    return told;
}

class Finder {
public:
    Finder(const StackReport& report, std::span<const LeakLook> looks, const LeakOptions& options)
        : report_(report), looks_(looks), options_(options), past_(past_of(report.list.snapshot())) {}

    std::vector<LeakFinding> find() {
        find_deadlocked();
        for (const auto& [key, crowd] : looks_.back().crowds) {
            find_in(key, crowd);
        }
        find_spinning();
        std::ranges::sort(findings_, {}, [](const LeakFinding& one) {
            return std::tuple(one.verdict, ~one.count, one.groups.empty() ? 0 : one.groups.front());
        });
        return std::move(findings_);
    }

private:
    /// Of each deadlock, the groups of those in it.
    void find_deadlocked() {
        const auto& deadlocks = report_.waits.findings;
        for (std::uint32_t index = 0; index < deadlocks.size(); ++index) {
            std::set<std::uint32_t> tids;
            for (const auto& edge : deadlocks[index].edges) {
                tids.insert(edge.waiter_tid);
            }
            LeakFinding found{.verdict = Verdict::deadlocked, .rule = LeakRule::deadlock};
            found.deadlock = index;
            take_groups(tids, deadlocks[index].kind == FindingKind::all_asleep, found);
            findings_.push_back(std::move(found));
        }
    }

    void take_groups(const std::set<std::uint32_t>& tids, bool all, LeakFinding& found) {
        for (std::uint32_t index = 0; index < report_.groups.size(); ++index) {
            const auto& group = report_.groups[index];
            std::uint64_t count = 0;
            for (auto slot = group.first, left = group.count; left > 0; --left, slot = report_.next[slot]) {
                const auto tid = tids.empty() && !all ? 0 : report_.list.at(slot).tid;
                count += all || (tid != 0 && tids.contains(tid)) ? 1u : 0u;
            }
            if (count != 0) {
                found.groups.push_back(index);
                found.count += count;
                told_.insert(index);
            }
        }
        take_memory(found);
    }

    /// The share of those groups' memory.
    void take_memory(LeakFinding& found) const {
        for (const auto& [key, crowd] : looks_.back().crowds) {
            const bool has = std::ranges::any_of(crowd.groups, [&](const auto group) {
                return std::ranges::find(found.groups, group) != found.groups.end();
            });
            if (has && crowd.held_bytes && crowd.count != 0) {
                const auto most = std::min(found.count, crowd.count);
                found.held_bytes = found.held_bytes.value_or(0) + *crowd.held_bytes / crowd.count * most;
            }
        }
    }

    void find_in(const std::string& key, const Crowd& crowd) {
        if (std::ranges::any_of(crowd.groups, [this](const auto group) { return told_.contains(group); })) {
            return; // in a deadlock: there is no surer verdict
        }
        auto found = never_resumable(crowd, looks_, key);
        if (!found) {
            found = growing_or_looping(crowd, past_, looks_, key);
        }
        if (!found && past_) {
            found = stuck(crowd, *past_, options_);
        }
        if (found && (!found->growth || found->growth->confirmed)) {
            found->groups = crowd.groups;
            found->site = crowd.site;
            if (crowd.held_bytes && crowd.count != 0) {
                found->held_bytes = *crowd.held_bytes / crowd.count * found->count;
            }
            told_.insert(crowd.groups.begin(), crowd.groups.end());
            findings_.push_back(*std::move(found));
        }
    }

    void find_spinning() {
        const auto tids = spinning_threads(looks_);
        for (std::uint32_t index = 0; index < report_.groups.size() && !tids.empty(); ++index) {
            const auto& group = report_.groups[index];
            LeakFinding found{.verdict = Verdict::spinning, .rule = LeakRule::burns_processor};
            SpinFacts spin{0, looks_.back().at_ns - looks_.front().at_ns, static_cast<std::uint32_t>(looks_.size())};
            for (auto slot = group.first, left = group.count; left > 0; --left, slot = report_.next[slot]) {
                const auto tid = report_.list.at(slot).tid;
                if (std::ranges::binary_search(tids, tid)) {
                    ++found.count;
                    spin.ran_ns +=
                        looks_.back().threads.at(tid).times.ran_ns - looks_.front().threads.at(tid).times.ran_ns;
                }
            }
            if (found.count != 0 && !told_.contains(index)) {
                found.groups = {index};
                found.spin = spin;
                take_memory(found);
                findings_.push_back(std::move(found));
            }
        }
    }

    const StackReport& report_;
    std::span<const LeakLook> looks_;
    const LeakOptions& options_;
    std::optional<RegisteredPast> past_;
    std::set<std::uint32_t> told_; ///< groups
    std::vector<LeakFinding> findings_;
};

} // namespace

std::vector<LeakFinding> find_leaks(const StackReport& report, std::span<const LeakLook> looks,
                                    const LeakOptions& options) {
    return Finder{report, looks, options}.find();
}

void judge_leaks(std::span<const LeakLook> looks, const LeakOptions& options, LeakReport& report) {
    const auto& snapshot = report.stacks.list.snapshot();
    report.findings = find_leaks(report.stacks, looks, options);
    report.looks = static_cast<std::uint32_t>(looks.size());
    report.over_ns = looks.back().at_ns - looks.front().at_ns;
    if (snapshot.past && snapshot.taken_at_ns > snapshot.past->began_ns) {
        report.past_ns = snapshot.taken_at_ns - snapshot.past->began_ns;
    }
    report.memory_limit = snapshot.memory_limit;
    report.not_judged = not_judged(report);
    report.incomplete = snapshot.incomplete;
}

} // namespace tasks::inspect
