#include "coroutines/token_alignment.hpp"

#include <algorithm>

namespace tasks::inspect {

namespace {

constexpr std::size_t most_cells = 4u << 20;

bool fits(const SourceToken& token, const std::vector<std::uint32_t>& stored) {
    return std::all_of(stored.begin(), stored.end(), [&](std::uint32_t line) {
        return line >= token.statement_first && line <= token.statement_last;
    });
}

/// Whether a point can be a word, given all points before it (and behind it, asked from the end).
using Table = std::vector<std::vector<bool>>;

Table reachable(const std::vector<SourceToken>& tokens, std::span<const std::vector<std::uint32_t>> stored,
                bool loops_copied, bool from_end) {
    const std::size_t points = stored.size();
    Table table(points, std::vector<bool>(tokens.size()));
    for (std::size_t n = 0; n < points; ++n) {
        const std::size_t point = from_end ? points - 1 - n : n;
        bool before = n == 0; ///< the point before can be a word before this one
        for (std::size_t k = 0; k < tokens.size(); ++k) {
            const std::size_t token = from_end ? tokens.size() - 1 - k : k;
            const auto* earlier = n == 0 ? nullptr : &table[from_end ? point + 1 : point - 1];
            const bool repeated = earlier != nullptr && loops_copied && tokens[token].in_loop && (*earlier)[token];
            table[point][token] = (before || repeated) && fits(tokens[token], stored[point]);
            before = before || (earlier != nullptr && (*earlier)[token]);
        }
    }
    return table;
}

/// The one line that the word can have, told from its neighbours of the same statement; 0: several.
std::uint32_t line_of(const std::vector<SourceToken>& tokens, std::size_t token) {
    if (tokens[token].ordered)
        return tokens[token].line;
    for (const SourceToken& other : tokens)
        if (!other.ordered && other.statement_first <= tokens[token].statement_last &&
            other.statement_last >= tokens[token].statement_first && other.line != tokens[token].line)
            return 0;
    return tokens[token].line;
}

} // namespace

std::vector<std::uint32_t> lines_of_tokens(const std::vector<SourceToken>& tokens,
                                           std::span<const std::vector<std::uint32_t>> stored,
                                           const AlignmentRules& rules) {
    std::vector<std::uint32_t> lines(stored.size());
    if (tokens.size() * stored.size() > most_cells || tokens.empty())
        return lines;
    if (rules.one_to_one && tokens.size() == stored.size()) {
        for (std::size_t i = 0; i < tokens.size(); ++i)
            if (!fits(tokens[i], stored[i]))
                return lines;
        for (std::size_t i = 0; i < tokens.size(); ++i)
            lines[i] = line_of(tokens, i);
        return lines;
    }
    const Table forward = reachable(tokens, stored, rules.loops_copied, false);
    const Table backward = reachable(tokens, stored, rules.loops_copied, true);
    for (std::size_t point = 0; point < stored.size(); ++point) {
        std::uint32_t line = 0;
        bool one = true;
        bool any = false;
        for (std::size_t token = 0; token < tokens.size(); ++token) {
            if (!forward[point][token] || !backward[point][token])
                continue;
            const bool guessed = stored[point].empty() && rules.loops_copied && tokens[token].in_loop;
            const std::uint32_t its = guessed ? 0 : line_of(tokens, token);
            one = one && (!any || its == line) && its != 0;
            line = its;
            any = true;
        }
        lines[point] = one && any ? line : 0;
    }
    return lines;
}

} // namespace tasks::inspect
