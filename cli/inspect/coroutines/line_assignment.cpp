#include "coroutines/line_assignment.hpp"

#include <algorithm>
#include <map>

namespace tasks::inspect {

namespace {

struct Choice {
    std::uint32_t line = 0; ///< the highest line chosen up to this point
    std::uint64_t weight = 0;
    std::size_t before = 0; ///< the choice for the point before, in its list
    LineCandidate chosen;
};

// For each highest line the heaviest choice; a higher line with less weight never leads to more.
std::vector<Choice> only_useful(std::vector<Choice> choices) {
    std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
        return a.line != b.line ? a.line < b.line : a.weight > b.weight;
    });
    std::vector<Choice> useful;
    for (const Choice& choice : choices)
        if (useful.empty() || choice.weight > useful.back().weight)
            useful.push_back(choice);
    return useful;
}

// Of the choices whose line is not above `line`, the last is the heaviest.
std::size_t best_up_to(const std::vector<Choice>& choices, std::uint32_t line) {
    const auto after = std::upper_bound(choices.begin(), choices.end(), line,
                                        [](std::uint32_t at, const Choice& choice) { return at < choice.line; });
    return static_cast<std::size_t>(after - choices.begin()); // one behind it
}

void keep_heaviest(std::vector<LineCandidate>& candidates) {
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const LineCandidate& a, const LineCandidate& b) { return a.weight > b.weight; });
    if (candidates.size() > most_candidates)
        candidates.resize(most_candidates);
}

} // namespace

std::vector<LineCandidate> assigned_lines(std::vector<std::vector<LineCandidate>> points) {
    std::vector<std::vector<Choice>> all{{Choice{}}};
    for (auto& candidates : points) {
        const auto& before = all.back();
        std::vector<Choice> choices;
        for (std::size_t i = 0; i < before.size(); ++i) // no line for this point
            choices.push_back({before[i].line, before[i].weight, i, {}});
        keep_heaviest(candidates);
        for (const LineCandidate& candidate : candidates)
            if (const std::size_t behind = best_up_to(before, candidate.line); behind > 0 && candidate.line != 0)
                choices.push_back(
                    {candidate.line, before[behind - 1].weight + candidate.weight, behind - 1, candidate});
        all.push_back(only_useful(std::move(choices)));
    }
    std::vector<LineCandidate> lines(points.size());
    std::size_t at = all.back().size() - 1; // the heaviest
    for (std::size_t i = points.size(); i > 0; --i) {
        lines[i - 1] = all[i][at].chosen;
        at = all[i][at].before;
    }
    return lines;
}

} // namespace tasks::inspect
