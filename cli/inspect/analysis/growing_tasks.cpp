// Crowds that grow. Those that stand still leak; those that only ever sleep and look again, or never wait, go round in
// a loop; those that do something else now and then are at work, and so are timers that have not come to their time.
#include <algorithm>

#include "analysis/leak_verdicts.hpp"

namespace tasks::inspect {

using protocol::State;
using protocol::WaitReason;

namespace {

/// Waits that end by themselves: a crowd of those that stands still is none.
bool ends_by_itself(WaitReason reason) { return reason == WaitReason::sleep || reason == WaitReason::timer; }

bool is_asleep(WaitReason reason) { return ends_by_itself(reason) || reason == WaitReason::job_queue; }

/// Threads that have not run at all between the first look that has them and the last. Nothing: none was seen twice.
std::optional<bool> stands_still(const Crowd& crowd, std::span<const LeakLook> looks) {
    std::uint64_t still = 0;
    std::uint64_t seen = 0;
    for (const auto& [kind, start] : crowd.members) {
        const auto tid = static_cast<std::uint32_t>(kind);
        const auto now = looks.back().threads.find(tid);
        if (kind >> 32 != 1 || now == looks.back().threads.end()) {
            continue;
        }
        for (const auto& look : looks.first(looks.size() - 1)) {
            const auto then = look.threads.find(tid);
            if (then != look.threads.end() && then->second.times.start_ticks == start) {
                ++seen;
                still += then->second.times.ran_ns == now->second.times.ran_ns ? 1u : 0u;
                break;
            }
        }
    }
    return seen == 0 ? std::nullopt : std::optional{5 * still >= 4 * seen};
}

LeakRule rule_of(const Crowd& crowd, bool restless) {
    if (crowd.state != State::waiting && crowd.state != State::done) {
        return LeakRule::growth_awake;
    }
    return restless ? LeakRule::growth_asleep : LeakRule::growth;
}

/// Of a loop none ends: of tasks at work some would.
bool hardly_any_ends(const Crowd& crowd) { return !crowd.site || 10 * crowd.site->deaths <= crowd.site->births; }

std::optional<LeakFinding> judge(const Crowd& crowd, const Growth& growth, bool restless) {
    LeakFinding found{.verdict = Verdict::growing, .rule = rule_of(crowd, restless), .count = crowd.count};
    found.growth = growth;
    if (found.rule == LeakRule::growth) {
        return ends_by_itself(crowd.wait_reason) ? std::nullopt : std::optional{found};
    }
    found.verdict = Verdict::spinning;
    const bool loops = found.rule == LeakRule::growth_awake || is_asleep(crowd.wait_reason);
    return loops && hardly_any_ends(crowd) ? std::optional{found} : std::nullopt;
}

} // namespace

std::optional<LeakFinding> growing_or_looping(const Crowd& crowd, const std::optional<RegisteredPast>& past,
                                              std::span<const LeakLook> looks, const std::string& key) {
    const bool ages = crowd.registered && past;
    if (const auto growth = ages ? growth_from_history(*past, crowd) : std::nullopt) {
        return judge(crowd, *growth, 2 * crowd.restless > crowd.count);
    }
    const auto growth = growth_from_looks(looks, key);
    if (!growth) {
        return std::nullopt;
    }
    if (ages) {
        return judge(crowd, *growth, 2 * crowd.restless > crowd.count);
    }
    // Of a coroutine that is not registered nobody knows whether it went on meanwhile, but for those that were away.
    const auto still = stands_still(crowd, looks);
    if (!still && growth->returned == 0) {
        LeakFinding found{.verdict = Verdict::growing, .rule = LeakRule::growth_unwatched, .count = crowd.count};
        found.growth = growth;
        return growth->ended == 0 ? std::optional{found} : std::nullopt;
    }
    return judge(crowd, *growth, !still.value_or(false));
}

} // namespace tasks::inspect
