// Growth told by several looks at a process, for what no table tells of.
#include <algorithm>
#include <map>
#include <set>

#include "analysis/leak_growth.hpp"

namespace tasks::inspect {

using protocol::State;

namespace {

constexpr std::size_t never = ~std::size_t{0};

/// One task's part in a crowd: in which looks it was there, and in which it was first and last seen anywhere.
struct Part {
    std::size_t first = 0;
    std::size_t last = 0;
    std::size_t seen = 0;
    std::size_t born = never;
    std::size_t gone = 0;
    std::size_t awake = 0; ///< looks that found it at work since, or before where its identity is exact
    bool awake_last = false;
};

bool is_awake(const Crowd& crowd) { return crowd.state == State::running || crowd.state == State::runnable; }

using Parts = std::map<TaskIdentity, Part>;

const std::vector<TaskIdentity>* members_of(const LeakLook& look, const std::string& key) {
    const auto crowd = look.crowds.find(key);
    return crowd == look.crowds.end() ? nullptr : &crowd->second.members;
}

/// Most crowds are at the end as at the beginning: of these nothing more need be known.
bool may_grow(std::span<const LeakLook> looks, const std::string& key) {
    const auto* now = members_of(looks.back(), key);
    const auto* then = members_of(looks.front(), key);
    std::vector<TaskIdentity> others;
    if (now != nullptr && then != nullptr) {
        std::ranges::set_difference(*now, *then, std::back_inserter(others));
    }
    return now != nullptr && (then == nullptr ? now->size() : others.size()) >= least_more;
}

Parts parts_of(std::span<const LeakLook> looks, const std::string& key) {
    Parts parts;
    for (std::size_t at = 0; at < looks.size(); ++at) {
        const auto* members = members_of(looks[at], key);
        for (std::size_t number = 0; members != nullptr && number < members->size(); ++number) {
            auto& part = parts.try_emplace((*members)[number], Part{at, at, 0, never, 0, 0, false}).first->second;
            part.last = at;
            ++part.seen;
        }
    }
    for (auto& [member, part] : parts) {
        for (std::size_t at = part.first + 1; at < looks.size() && !is_exact(member); ++at) {
            const bool awake = std::ranges::binary_search(looks[at].at_work, member.second);
            part.awake += awake ? 1u : 0u;
            part.awake_last = awake && at + 1 == looks.size();
        }
    }
    for (std::size_t at = 0; at < looks.size(); ++at) { // one that only came by was there before
        for (const auto& [other, crowd] : looks[at].crowds) {
            for (const auto& member : crowd.members) {
                if (const auto part = parts.find(member); part != parts.end()) {
                    part->second.born = std::min(part->second.born, at);
                    part->second.gone = at;
                    const bool its_own = at > part->second.first || is_exact(member);
                    const bool awake = its_own && other != key && is_awake(crowd);
                    part->second.awake += awake ? 1u : 0u;
                    part->second.awake_last = part->second.awake_last || (awake && at + 1 == looks.size());
                }
            }
        }
    }
    return parts;
}

} // namespace

std::size_t watching(std::span<const LeakLook> looks) {
    return static_cast<std::size_t>(std::ranges::find(looks, true, &LeakLook::confirms) - looks.begin());
}

std::optional<Growth> growth_from_looks(std::span<const LeakLook> looks, const std::string& crowd) {
    constexpr std::size_t least_looks = 3;
    const auto watched = watching(looks);
    if (watched < least_looks || !may_grow(looks, crowd)) {
        return std::nullopt;
    }
    const auto last = looks.size() - 1;
    std::uint64_t came = 0;
    Growth growth{0, looks[last].at_ns - looks.front().at_ns, 0, static_cast<std::uint32_t>(looks.size()), 0, true};
    std::set<std::size_t> steps; // in which some came
    for (const auto& [member, part] : parts_of(looks, crowd)) {
        const bool exact = is_exact(member);
        const bool stays = exact ? part.last == last : part.seen + part.awake == looks.size() - part.first;
        // One with a gap is another one's since: one has ended, and one has come.
        growth.ended += (exact ? part.gone != last : part.last != last && !part.awake_last) ? 1u : 0u;
        growth.confirmed = growth.confirmed && (exact || looks.size() - watched >= confirming_looks);
        if (stays && part.born != 0 && part.born < watched) {
            ++came;
            growth.moved += exact && part.seen + part.awake < looks.size() - part.born ? 1u : 0u;
            steps.insert(part.born);
        }
    }
    const bool all_along = 2 * steps.size() >= watched - 1 && !steps.empty() && *steps.rbegin() > (watched - 1) / 2;
    if (came < growth.ended + least_more || 5 * growth.ended > came || !all_along) {
        return std::nullopt;
    }
    growth.more = came - growth.ended;
    return growth;
}

bool want_confirmation(std::span<const LeakLook> looks) {
    return std::ranges::any_of(looks.back().crowds, [&](const auto& crowd) {
        const auto growth = growth_from_looks(looks, crowd.first);
        return growth && !growth->confirmed;
    });
}

} // namespace tasks::inspect
