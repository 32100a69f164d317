// The co_await and co_yield words in the body of one coroutine, from its source: a small lexer that knows comments,
// strings, raw strings, nested lambdas and local classes. What it cannot be sure of it declines: a word in a macro's
// argument, an order of evaluation that differs from the order of the words. A pure function of the text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tasks::inspect {

struct SourceToken {
    std::uint32_t line = 0;
    std::uint32_t statement_first = 0; ///< lines of the statement around it
    std::uint32_t statement_last = 0;
    bool in_loop = false; ///< an optimizer may make several points of it
    bool ordered = true;  ///< false: it may be numbered before or after others of its statement

    bool operator==(const SourceToken&) const = default;
};

/// Where the body is to be looked for: its declaration's place. `name`: the function's own, "operator()" for a lambda.
struct BodyPlace {
    std::string name;
    std::uint32_t line = 0;
    std::uint32_t column = 0; ///< 0: not known
};

inline constexpr std::size_t largest_source = 8u << 20;

/// In the order in which they stand. Empty optional: declined.
std::optional<std::vector<SourceToken>> source_tokens(std::string_view text, const BodyPlace& place);

/// Whether that line has such a word, or a name in capitals that may stand for one.
bool has_token_on(std::string_view text, std::uint32_t line);

} // namespace tasks::inspect
