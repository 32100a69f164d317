// Tasks that nothing can make go on: they wait on what was never made, or on what nobody has a handle of any more, or
// came to their end and were never destroyed.
#include <algorithm>

#include "analysis/leak_verdicts.hpp"

namespace tasks::inspect {

using protocol::State;
using protocol::WaitReason;

namespace {

/// Somebody may still take the result: a few, or for a while, is not told.
constexpr std::uint64_t result_is_late_ns = 10'000'000'000;
/// Who ends the last handle wakes those who wait; that takes its time on a busy machine.
constexpr std::uint64_t wake_is_late_ns = 1'000'000'000;
constexpr std::uint64_t least_between_looks_ns = 5'000'000'000;
constexpr std::uint64_t least_done = 3;

/// Those that were there, done, in each look.
std::uint64_t done_all_along(const Crowd& crowd, std::span<const LeakLook> looks, const std::string& key) {
    if (looks.back().at_ns - looks.front().at_ns < least_between_looks_ns) {
        return 0;
    }
    auto stayed = crowd.members;
    for (const auto& look : looks.first(looks.size() - 1)) {
        const auto before = look.crowds.find(key);
        std::vector<TaskIdentity> both;
        if (before != look.crowds.end()) {
            std::ranges::set_intersection(stayed, before->second.members, std::back_inserter(both));
        }
        stayed = std::move(both);
    }
    return stayed.size();
}

std::uint64_t done_for_long(const Crowd& crowd) {
    const auto young = std::ranges::lower_bound(crowd.waited_ns, result_is_late_ns);
    return static_cast<std::uint64_t>(crowd.waited_ns.end() - young);
}

} // namespace

std::optional<LeakFinding> never_resumable(const Crowd& crowd, std::span<const LeakLook> looks,
                                           const std::string& key) {
    LeakFinding found{.verdict = Verdict::never_resumable, .rule = LeakRule::never_made, .count = crowd.count};
    if (crowd.state == State::waiting && crowd.wait_reason == WaitReason::nil) {
        return found;
    }
    const auto unheld = std::ranges::count_if(crowd.unheld_ns, [](const auto ns) { return ns >= wake_is_late_ns; });
    if (unheld != 0) {
        found.rule = LeakRule::no_handle;
        found.count = static_cast<std::uint64_t>(unheld);
        return found;
    }
    if (crowd.state != State::done) {
        return std::nullopt;
    }
    found.rule = LeakRule::done;
    found.count = crowd.registered ? done_for_long(crowd) : done_all_along(crowd, looks, key);
    return found.count >= least_done ? std::optional{found} : std::nullopt;
}

} // namespace tasks::inspect
