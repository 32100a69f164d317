// Tasks that wait much longer than those of the same place that have ended (LeakProf's rule, made relative: an absolute
// number of tasks tells as much of the load as of a leak). How long one of a place lives that ends, the history tells:
// of the tasks that lived at each of its moments, those that live no more have ended since.
#include <algorithm>

#include "analysis/leak_verdicts.hpp"

namespace tasks::inspect {

using protocol::State;
using protocol::WaitReason;

namespace {

constexpr std::uint64_t times_the_usual = 10;
constexpr std::uint64_t least_wait_ns = 10'000'000'000;
constexpr std::uint64_t least_ended = 3;

/// Somebody of the process, or a peer that was spoken to, is to end it soon. In any other wait a healthy task may be
/// for days.
bool should_end_soon(WaitReason reason) {
    switch (reason) {
    case WaitReason::chan_send:
    case WaitReason::mutex:
    case WaitReason::rwlock_read:
    case WaitReason::rwlock_write:
    case WaitReason::semaphore:
    case WaitReason::barrier:
    case WaitReason::join:
    case WaitReason::future:
    case WaitReason::io_write:
    case WaitReason::io_connect:
    case WaitReason::lock_file:
    case WaitReason::once:
        return true;
    default:
        return false;
    }
}

/// The time that tasks have lived, in the history, which have ended since; and how many have ended meanwhile.
struct EndedLives {
    std::uint64_t lived_ns = 0;
    std::uint64_t ended = 0;
};

EndedLives ended_lives(const RegisteredPast& past) {
    EndedLives lives;
    std::uint64_t longest_ns = 0; // between two looks nobody looked
    for (std::size_t at = 0; at < past.history.size(); ++at) {
        const auto& entry = past.history[at];
        const auto next_ns = at + 1 < past.history.size() ? past.history[at + 1].at_ns : past.now_ns;
        const auto over_ns = next_ns > entry.at_ns ? next_ns - entry.at_ns : 0;
        longest_ns = std::max(longest_ns, over_ns);
        const auto then = entry.jobs_started - std::min(entry.jobs_started, entry.jobs_ended);
        const auto left =
            static_cast<std::uint64_t>(std::ranges::upper_bound(past.born_ns, entry.at_ns) - past.born_ns.begin());
        lives.lived_ns += (then > left ? then - left : 0) * over_ns;
    }
    if (!past.history.empty() && past.ended >= past.history.front().jobs_ended) {
        lives.ended =
            past.ended -
            (past.history.front().at_ns < past.began_ns + least_wait_ns ? 0 : past.history.front().jobs_ended);
        lives.lived_ns += longest_ns;
    }
    return lives;
}

} // namespace

std::optional<LeakFinding> stuck(const Crowd& crowd, const RegisteredPast& past, const LeakOptions& options) {
    if (!crowd.registered || crowd.state != State::waiting || !should_end_soon(crowd.wait_reason) || !crowd.site ||
        crowd.site->deaths < least_ended || past.ended == 0) {
        return std::nullopt;
    }
    // All that ended lived that long together: one of this place, whose share of the ends is known, at most so long.
    const auto lives = ended_lives(past);
    const auto here =
        static_cast<double>(lives.ended) * static_cast<double>(crowd.site->deaths) / static_cast<double>(past.ended);
    if (here < 1) {
        return std::nullopt;
    }
    StuckFacts facts;
    facts.usual_ns = static_cast<std::uint64_t>(static_cast<double>(lives.lived_ns) / here);
    facts.older_than_ns = std::max(least_wait_ns, times_the_usual * facts.usual_ns);
    facts.ended = crowd.site->deaths;
    LeakFinding found{.verdict = Verdict::stuck, .rule = LeakRule::longer_than_usual};
    found.count = static_cast<std::uint64_t>(crowd.waited_ns.end() -
                                             std::ranges::lower_bound(crowd.waited_ns, facts.older_than_ns));
    found.stuck = facts;
    return found.count >= options.threshold ? std::optional{found} : std::nullopt;
}

} // namespace tasks::inspect
