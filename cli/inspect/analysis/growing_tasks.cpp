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

/// A loop that sleeps writes in its frames, and so does another coroutine that has got the memory of one that has
/// ended: they only differ in that those of a healthy process do not become more and more.
constexpr std::uint64_t least_loops = 10;

bool is_asleep(WaitReason reason) { return ends_by_itself(reason) || reason == WaitReason::job_queue; }

/// A thread has not run at all between the first look that has it and the last. Nothing: it was not seen twice.
std::optional<bool> thread_stands(const TaskIdentity& thread, std::span<const LeakLook> looks) {
    const auto tid = tid_of(thread);
    const auto now = looks.back().threads.find(tid);
    for (const auto& look : looks.first(looks.size() - 1)) {
        const auto then = look.threads.find(tid);
        if (now != looks.back().threads.end() && then != look.threads.end() &&
            then->second.times.start_ticks == thread.second) {
            return then->second.times.ran_ns == now->second.times.ran_ns;
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> mark_in(const LeakLook& look, const std::string& key, const TaskIdentity& member) {
    const auto crowd = look.crowds.find(key);
    if (crowd == look.crowds.end()) {
        return std::nullopt;
    }
    const auto mark = std::ranges::lower_bound(crowd->second.marks, std::pair{member, std::uint64_t{0}});
    return mark != crowd->second.marks.end() && mark->first == member ? std::optional{mark->second} : std::nullopt;
}

/// The frames of a coroutine that came are as they were from the last look on through those that confirm it: in a
/// longer time others that come may write in them, where each points to the next that waits. Nothing: not known.
std::optional<bool> frames_stand(const TaskIdentity& coroutine, std::span<const LeakLook> looks,
                                 const std::string& key) {
    const auto first = looks.front().crowds.find(key);
    if (first != looks.front().crowds.end() && std::ranges::binary_search(first->second.members, coroutine)) {
        return std::nullopt;
    }
    const auto from = std::max<std::size_t>(watching(looks), 1) - 1;
    const auto then = mark_in(looks[from], key, coroutine);
    bool still = true;
    for (const auto& look : looks.subspan(from + 1)) {
        const auto now = mark_in(look, key, coroutine);
        if (!then || !now) {
            return std::nullopt;
        }
        still = still && *now == *then;
    }
    return from + 1 < looks.size() ? std::optional{still} : std::nullopt;
}

/// Nearly all of them. Nothing: it is not known of any.
std::optional<bool> stands_still(const Crowd& crowd, std::span<const LeakLook> looks, const std::string& key) {
    std::uint64_t still = 0;
    std::uint64_t seen = 0;
    for (const auto& member : crowd.members) {
        const auto stands = !is_exact(member)     ? frames_stand(member, looks, key)
                            : tid_of(member) != 0 ? thread_stands(member, looks)
                                                  : std::nullopt;
        seen += stands ? 1u : 0u;
        still += stands.value_or(false) ? 1u : 0u;
    }
    return seen == 0 ? std::nullopt : std::optional{5 * still >= 4 * seen};
}

/// Of the crowd's threads that were seen twice, nearly all have not gone to sleep in between, but for a moment in
/// which they were looked at. Also true where there are none.
bool hardly_slept(const Crowd& crowd, std::span<const LeakLook> looks) {
    std::uint64_t seen = 0;
    std::uint64_t slept = 0;
    for (const auto& member : crowd.members) {
        const auto now = looks.back().threads.find(tid_of(member));
        const auto first = std::ranges::find_if(looks, [&](const LeakLook& look) {
            const auto then = look.threads.find(tid_of(member));
            return then != look.threads.end() && then->second.times.start_ticks == member.second;
        });
        if (tid_of(member) != 0 && now != looks.back().threads.end() && first != looks.end()) {
            const auto then = first->threads.at(tid_of(member)).times.sleeps;
            const bool few = then && now->second.times.sleeps && *now->second.times.sleeps - *then <= looks.size();
            ++seen;
            slept += few ? 0u : 1u;
        }
    }
    return 5 * slept <= seen;
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
    const bool elsewhere = 5 * growth.moved > growth.more;
    return loops && !elsewhere && hardly_any_ends(crowd) ? std::optional{found} : std::nullopt;
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
    const auto still = stands_still(crowd, looks, key);
    if (!still) {
        LeakFinding found{.verdict = Verdict::growing, .rule = LeakRule::growth_unwatched, .count = crowd.count};
        found.growth = growth;
        return growth->ended == 0 && !ends_by_itself(crowd.wait_reason) ? std::optional{found} : std::nullopt;
    }
    const bool exact = crowd.members.empty() || std::ranges::all_of(crowd.members, is_exact);
    if (!exact && ends_by_itself(crowd.wait_reason) && growth->more < least_loops) {
        return std::nullopt;
    }
    const auto found = judge(crowd, *growth, !*still);
    return found && found->rule == LeakRule::growth_awake && !hardly_slept(crowd, looks) ? std::nullopt : found;
}

} // namespace tasks::inspect
