#include "analysis/leak_growth.hpp"

#include <algorithm>
#include <array>

namespace tasks::inspect {

using protocol::HistoryEntry;
using protocol::WaitReason;

namespace {

constexpr std::uint64_t long_ns = 60'000'000'000; ///< without a look into the past meanwhile

std::uint64_t born_since(const std::vector<std::uint64_t>& born_ns, std::uint64_t moment_ns) {
    return static_cast<std::uint64_t>(born_ns.end() - std::ranges::lower_bound(born_ns, moment_ns));
}

/// Where tasks of a healthy process come and stay for days: connections, subscribers.
bool may_stay(WaitReason reason) {
    switch (reason) {
    case WaitReason::io_read:
    case WaitReason::io_accept:
    case WaitReason::poll:
    case WaitReason::select:
    case WaitReason::chan_receive:
    case WaitReason::cond:
    case WaitReason::job_queue:
    case WaitReason::signal:
    case WaitReason::unknown:
    case WaitReason::futex:
        return true;
    default:
        return false;
    }
}

/// Births of a crowd in three equal parts of a time.
using Thirds = std::array<std::uint64_t, 3>;

class History {
public:
    History(const RegisteredPast& past, const Crowd& crowd) : past_(past), crowd_(crowd) {}

    /// Each beginning is tried, the longest time first: a leak that began an hour ago has no births before. Later
    /// ones than the agent's own must be long ago, or a process that is given more to do would seem to leak.
    std::optional<Growth> growth() const {
        if (auto found = since(past_.began_ns, least_past_ns)) {
            return found;
        }
        for (const auto from_ns : beginnings()) {
            if (auto found = since(from_ns, long_ns)) {
                return found;
            }
        }
        return std::nullopt;
    }

private:
    std::vector<std::uint64_t> beginnings() const {
        std::vector<std::uint64_t> all;
        const auto entries = past_.history.size();
        for (const auto at : {std::size_t{0}, entries / 2, entries * 3 / 4}) {
            if (at < entries) {
                all.push_back(past_.history[at].at_ns);
            }
        }
        return all;
    }

    /// That the births of those that live are spread evenly over a time says that few have ended: of tasks that live
    /// for a while and end there would be the more the younger they are.
    std::optional<Growth> since(std::uint64_t from_ns, std::uint64_t least_ns) const {
        if (from_ns >= past_.now_ns || past_.now_ns - from_ns < least_ns) {
            return std::nullopt;
        }
        const auto third_ns = (past_.now_ns - from_ns) / 3;
        const auto first = born_since(crowd_.born_ns, from_ns);
        const auto second = born_since(crowd_.born_ns, from_ns + third_ns);
        const auto third = born_since(crowd_.born_ns, from_ns + 2 * third_ns);
        const Thirds births{first - second, second - third, third};
        if (births[1] < 2 || births[2] < 2 || 4 * births[2] < births[1]) {
            return std::nullopt;
        }
        const bool even = births[0] > 0 && 2 * births[0] >= births[1] && 2 * births[1] >= births[2];
        const auto over_ns = past_.now_ns - from_ns;
        const auto* base = entry_near(from_ns, from_ns + third_ns, from_ns + 2 * third_ns);
        if (base == nullptr) { // none lived when the agent began
            const bool known = from_ns == past_.began_ns && (over_ns <= long_ns || !may_stay(crowd_.wait_reason));
            return known && even ? std::optional{Growth{first, over_ns, 0, 0, 0, true}} : std::nullopt;
        }
        const auto passing = passing_since(from_ns + 2 * third_ns);
        const auto growth = grown_since(*base, passing);
        if (!growth || growth->more < least_more) {
            return std::nullopt;
        }
        // What has grown, and has come to its full number, grows no more.
        const auto* late = entry_near(base->at_ns, from_ns + 2 * third_ns, past_.now_ns);
        return even || late == base || grown_since(*late, 0) ? growth : std::nullopt;
    }

    /// The entry nearest to a moment, between two others; null: none is.
    const HistoryEntry* entry_near(std::uint64_t after_ns, std::uint64_t moment_ns, std::uint64_t before_ns) const {
        const auto distance = [moment_ns](const HistoryEntry& entry) {
            return entry.at_ns > moment_ns ? entry.at_ns - moment_ns : moment_ns - entry.at_ns;
        };
        const HistoryEntry* nearest = nullptr;
        for (const auto& entry : past_.history) {
            const bool fits = entry.at_ns >= after_ns && entry.at_ns <= before_ns && entry.at_ns != 0;
            nearest = fits && (nearest == nullptr || distance(entry) < distance(*nearest)) ? &entry : nearest;
        }
        return nearest;
    }

    /// How many of those who lived then have ended since. Nothing: of a damaged table.
    std::optional<std::uint64_t> ended_since(const HistoryEntry& then) const {
        if (then.jobs_started > past_.started || then.jobs_ended > past_.ended) {
            return std::nullopt;
        }
        const auto started = past_.started - then.jobs_started;
        const auto ended = past_.ended - then.jobs_ended;
        const auto living = born_since(past_.born_ns, then.at_ns);
        const auto risen = started > ended ? started - ended : 0;
        return living > risen ? living - risen : 0;
    }

    /// How many are there at any moment that soon end: of those who lived a moment ago, as many have ended since.
    std::uint64_t passing_since(std::uint64_t moment_ns) const {
        std::optional<std::uint64_t> least;
        for (const auto& entry : past_.history) {
            const auto ended = entry.at_ns >= moment_ns ? ended_since(entry) : std::nullopt;
            least = ended && (!least || *ended < *least) ? ended : least;
        }
        return least.value_or(0);
    }

    std::optional<Growth> grown_since(const HistoryEntry& base, std::uint64_t passing) const {
        const auto ended = ended_since(base);
        if (!ended) {
            return std::nullopt;
        }
        // At this place no more have ended than ever did.
        const auto ended_here = crowd_.site ? crowd_.site->deaths : ~std::uint64_t{0};
        const auto replaced = std::min(*ended > passing ? *ended - passing : 0, ended_here);
        const auto born = born_since(crowd_.born_ns, base.at_ns);
        const auto more = born > replaced ? born - replaced : 0;
        if (more == 0 || 2 * more < born) {
            return std::nullopt;
        }
        return Growth{more, past_.now_ns - base.at_ns, 0, 0, 0, true};
    }

    const RegisteredPast& past_;
    const Crowd& crowd_;
};

} // namespace

std::optional<RegisteredPast> past_of(const Snapshot& snapshot) {
    if (!snapshot.past || !snapshot.vitals.jobs_started || !snapshot.vitals.jobs_ended) {
        return std::nullopt;
    }
    RegisteredPast past{snapshot.taken_at_ns,          snapshot.past->began_ns,     snapshot.past->history,
                        *snapshot.vitals.jobs_started, *snapshot.vitals.jobs_ended, {}};
    past.born_ns.reserve(snapshot.tasks.size());
    for (std::size_t at = 0; at < snapshot.tasks.size() && at < snapshot.past->started_ns.size(); ++at) {
        const auto* frame = &snapshot.task_frames[snapshot.tasks[at].frame];
        if (frame->awaited_by == 0 && snapshot.past->started_ns[at] != 0) { // births and deaths count no others
            past.born_ns.push_back(snapshot.past->started_ns[at]);
        }
    }
    if (!std::ranges::is_sorted(past.born_ns)) { // records of one thread are in the order of their births
        std::ranges::sort(past.born_ns);
    }
    return past;
}

std::optional<Growth> growth_from_history(const RegisteredPast& past, const Crowd& crowd) {
    return History{past, crowd}.growth();
}

} // namespace tasks::inspect
