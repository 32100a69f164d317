// What a user asked to be ignored: kinds of patterns and how they match. Values; no I/O but for read_patterns().
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tasks::leaks {

enum class PatternKind { top, any, created_by, name, label, library };

struct Pattern {
    PatternKind kind = PatternKind::name;
    std::string text;
    bool built_in = false; ///< not told where it matches nothing

    bool operator==(const Pattern& other) const { return kind == other.kind && text == other.text; }
};

/// "top main", as files have it.
std::string line_of(const Pattern& pattern);

/// The function or name is that, or the pattern with any characters in place of each *; parameters, and what follows
/// them, may be left out.
bool matches(std::string_view pattern, std::string_view text);
/// `key=text`, where the pattern's text is empty with any text.
bool matches_label(std::string_view pattern, std::string_view key, std::string_view text);

/// Appends those of a file; a sentence for each thing that is wrong with it goes to `problems`.
void read_patterns(const std::string& path, std::vector<Pattern>& patterns, std::vector<std::string>& problems);

/// The threads that libraries keep for themselves.
const std::vector<Pattern>& built_in_patterns();

} // namespace tasks::leaks
