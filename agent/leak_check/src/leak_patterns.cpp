#include "leak_patterns.hpp"

#include <fnmatch.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

namespace tasks::leaks {
namespace {

constexpr std::array words{std::pair{PatternKind::top, std::string_view{"top"}},
                           std::pair{PatternKind::any, std::string_view{"any"}},
                           std::pair{PatternKind::created_by, std::string_view{"created_by"}},
                           std::pair{PatternKind::name, std::string_view{"name"}},
                           std::pair{PatternKind::label, std::string_view{"label"}},
                           std::pair{PatternKind::library, std::string_view{"library"}}};

/// Without parameters and what follows: "f(int)::{lambda()#1}::operator()() const" ends before the last list of them.
std::string_view without_parameters(std::string_view function) {
    const auto end = function.rfind(')');
    if (end == std::string_view::npos)
        return function;
    int depth = 0;
    for (auto at = end + 1; at-- > 0;) {
        depth += function[at] == ')' ? 1 : function[at] == '(' ? -1 : 0;
        if (depth == 0)
            return at != 0 && !function.substr(0, at).ends_with("operator") ? function.substr(0, at) : function;
    }
    return function;
}

/// fnmatch(3) alone would take [ and ? of a C++ name for its own.
std::string quoted(std::string_view pattern) {
    std::string text;
    for (const char each : pattern) {
        if (each == '?' || each == '[' || each == '\\')
            text += '\\';
        text += each;
    }
    return text;
}

bool is(std::string_view pattern, std::string_view text) {
    if (pattern.find('*') == std::string_view::npos)
        return pattern == text;
    return pattern == text || ::fnmatch(quoted(pattern).c_str(), std::string(text).c_str(), 0) == 0;
}

std::string_view trimmed(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos)
        return {};
    return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

bool take_line(std::string_view line, std::vector<Pattern>& patterns) {
    const auto blank = line.find_first_of(" \t");
    for (const auto& [kind, word] : words)
        if (blank != std::string_view::npos && line.substr(0, blank) == word) {
            patterns.push_back({kind, std::string(trimmed(line.substr(blank))), false});
            return true;
        }
    return false;
}

} // namespace

std::string line_of(const Pattern& pattern) {
    for (const auto& [kind, word] : words)
        if (kind == pattern.kind)
            return std::string(word) + " " + pattern.text;
    return pattern.text;
}

bool matches(std::string_view pattern, std::string_view text) {
    return is(pattern, text) || is(pattern, without_parameters(text));
}

bool matches_label(std::string_view pattern, std::string_view key, std::string_view text) {
    const auto equals = pattern.find('=');
    const auto wanted = equals == std::string_view::npos ? std::string_view{} : pattern.substr(equals + 1);
    return is(pattern.substr(0, equals), key) && (wanted.empty() || is(wanted, text));
}

void read_patterns(const std::string& path, std::vector<Pattern>& patterns, std::vector<std::string>& problems) {
    std::ifstream file{path};
    if (!file)
        problems.push_back("the file of ignored tasks " + path + " cannot be read: " + std::strerror(errno));
    std::string text;
    for (int number = 1; std::getline(file, text); ++number) {
        const auto line = trimmed(text);
        if (!line.empty() && line.front() != '#' && !take_line(line, patterns))
            problems.push_back(path + ":" + std::to_string(number) + ": '" + std::string(line) +
                               "' is none of: top FUNCTION, any FUNCTION, created_by FUNCTION, name NAME, "
                               "label KEY=TEXT, library FILE");
    }
}

const std::vector<Pattern>& built_in_patterns() {
    using enum PatternKind;
    static const auto& patterns = *new std::vector<Pattern>{
        {name, "tasks-agent", true}, // ours
        // As distributions ship them: stripped, so that no function of theirs has a name.
        {library, "libtbb.so*", true},
        {library, "libtbbmalloc.so*", true},
        {library, "libgomp.so*", true},
        {library, "libomp.so*", true},
        {library, "libiomp5.so*", true},
        // As parts of the program, or with their symbols.
        {created_by, "tbb::*::thread_monitor::launch", true},                                // oneTBB and its allocator
        {created_by, "rml::internal::thread_monitor::launch", true},                         //
        {any, "tbb::*::rml::private_worker::thread_routine", true},                          //
        {any, "gomp_thread_start", true},                                                    // GNU's OpenMP
        {created_by, "gomp_team_start", true},                                               //
        {created_by, "__kmp_create_worker", true},                                           // LLVM's OpenMP
        {created_by, "__kmp_create_monitor", true},                                          //
        {created_by, "boost::asio::detail::resolver_service_base::start_work_thread", true}, // Asio's resolver
        {created_by, "asio::detail::resolver_service_base::start_work_thread", true},        //
        {any, "__sanitizer::BackgroundThread", true}, // not all of a sanitizer's functions:
        {any, "__tsan::BackgroundThread", true},      // a thread that waits is in one of them
    };
    return patterns;
}

} // namespace tasks::leaks
