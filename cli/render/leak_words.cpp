#include "render/leak_words.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "render/figures.hpp"
#include "render/wait_text.hpp"

namespace tasks::render {

using inspect::FindingKind;
using inspect::LeakFinding;
using inspect::LeakReport;
using inspect::LeakRule;
using inspect::Verdict;
using inspect::WaitEdge;
using inspect::WaitGraph;

namespace {

constexpr std::size_t edges_told = 4; // of a cycle

std::string edge_words(const WaitGraph& waits, const WaitEdge& edge) {
    const auto holder = edge.holder_tid == edge.waiter_tid ? "itself" : who(waits, edge.holder_tid);
    return who(waits, edge.waiter_tid) + " waits for " +
           (edge.lock ? lock_name(*edge.lock) + ", held by " + holder : "the end of " + holder);
}

std::string why_deadlocked(const WaitGraph& waits, const inspect::Finding& finding) {
    if (finding.kind == FindingKind::all_asleep) {
        return "all tasks are asleep: each waits for another one of the process, and nothing outside can wake any";
    }
    if (finding.kind == FindingKind::orphan_lock) {
        const auto& edge = finding.edges.front();
        return fmt::format("{} is held by thread {}, which has exited: nobody can unlock it", lock_name(*edge.lock),
                           edge.holder_tid);
    }
    std::string text;
    for (std::size_t at = 0; at < std::min(finding.edges.size(), edges_told); ++at) {
        text.append(text.empty() ? "" : "; ").append(edge_words(waits, finding.edges[at]));
    }
    if (finding.edges.size() > edges_told) {
        text.append(fmt::format("; and {} more in a circle", number(finding.edges.size() - edges_told)));
    }
    return text;
}

// "24 more than 40s ago (+36/min)"
std::string growth_words(const LeakFinding& finding) {
    const auto& growth = *finding.growth;
    const auto rate = trend(growth.per_min());
    if (growth.looks != 0) {
        return fmt::format("{} came and {} went within {} ({}), seen in {} looks", number(growth.more + growth.ended),
                           growth.ended == 0 ? "none" : number(growth.ended), duration(growth.over_ns), rate,
                           growth.looks);
    }
    auto text = fmt::format("at least {} more than {} ago ({})", number(growth.more), duration(growth.over_ns), rate);
    if (finding.site) {
        text += finding.site->deaths == 0
                    ? fmt::format("; of the {} begun there none has ended", number(finding.site->births))
                    : fmt::format("; of the {} begun there {} have ended", number(finding.site->births),
                                  number(finding.site->deaths));
    }
    return text;
}

std::string why_stuck(const LeakFinding& finding) {
    const auto& facts = *finding.stuck;
    return fmt::format(
        "{} wait for longer than {}; the {} begun there that have ended lived for {} at most, on average",
        number(finding.count), duration(facts.older_than_ns), number(facts.ended), duration(facts.usual_ns));
}

std::string why_spinning(const LeakFinding& finding) {
    const auto& facts = *finding.spin;
    return fmt::format("{} of processor time in {}, without sleep or system call, in the same functions at each of {} "
                       "looks",
                       duration(facts.ran_ns), duration(facts.over_ns), facts.looks);
}

} // namespace

std::string_view word(Verdict verdict) {
    switch (verdict) {
    case Verdict::deadlocked:
        return "deadlocked";
    case Verdict::never_resumable:
        return "never resumable";
    case Verdict::growing:
        return "growing";
    case Verdict::stuck:
        return "stuck";
    case Verdict::spinning:
        break;
    }
    return "spinning";
}

std::string why(const LeakReport& report, const LeakFinding& finding) {
    switch (finding.rule) {
    case LeakRule::deadlock:
        return why_deadlocked(report.stacks.waits, report.stacks.waits.findings[*finding.deadlock]);
    case LeakRule::never_made:
        return "what is waited on was never made (nil): nothing can end that wait";
    case LeakRule::no_handle:
        return "nobody holds a handle of what is waited on any more: nothing can end that wait";
    case LeakRule::done:
        return "come to the end, and never destroyed: the frame stays for ever";
    case LeakRule::growth:
        return growth_words(finding) + "; those that stay do nothing any more";
    case LeakRule::growth_unwatched:
        return growth_words(finding) + "; none of those that stay was seen to go on";
    case LeakRule::growth_asleep:
        return growth_words(finding) + "; all that those that stay do is wake and wait again";
    case LeakRule::growth_awake:
        return growth_words(finding) + "; those that stay never wait for anything";
    case LeakRule::longer_than_usual:
        return why_stuck(finding);
    case LeakRule::burns_processor:
        break;
    }
    return why_spinning(finding);
}

std::optional<std::uint64_t> time_to_limit_ns(const LeakReport& report, const LeakFinding& finding) {
    if (!report.memory_limit || !finding.growth || !finding.held_bytes || finding.count == 0 ||
        finding.growth->more == 0) {
        return std::nullopt;
    }
    const auto& limit = *report.memory_limit;
    const auto room = limit.limit_bytes - std::min(limit.limit_bytes, limit.used_bytes);
    const auto each = static_cast<double>(*finding.held_bytes) / static_cast<double>(finding.count);
    const auto per_ns = each * static_cast<double>(finding.growth->more) / static_cast<double>(finding.growth->over_ns);
    constexpr double longest_ns = 1e18; // 30 years
    const auto time_ns = per_ns > 0 ? static_cast<double>(room) / per_ns : longest_ns;
    return time_ns < longest_ns ? std::optional{static_cast<std::uint64_t>(time_ns)} : std::nullopt;
}

} // namespace tasks::render
