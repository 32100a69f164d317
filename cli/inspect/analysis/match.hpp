// The pattern of --match: POSIX extended, without groups to report, so that glibc matches it in linear time.
// Owns the compiled pattern. One thread at a time.
#pragma once

#include <regex.h>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "analysis/report.hpp"

namespace tasks::inspect {

class Match {
public:
    /// A pattern that does not compile matches nothing: the command line refuses it first, see pattern_problem().
    explicit Match(const std::string& pattern);

    bool text(const std::string& text) const;

    /// Its wait's name, or a function or file of its frames, its wait or its creation.
    bool shape(const GroupShape& shape) const;

private:
    struct Free {
        void operator()(regex_t* compiled) const;
    };
    std::unique_ptr<regex_t, Free> compiled_;
};

/// The pattern on what a task has of its own: its name, and its label as `key=text`. Each name of jobs and each label
/// is tried once, whatever the number of tasks. Refers to both, which must outlive it.
class TaskMatch {
public:
    TaskMatch(const Match& match, const TaskList& list) : match_(match), list_(list) {}

    bool task(std::uint32_t slot);

private:
    bool name(std::uint32_t slot, std::uint32_t scopes);
    bool label(std::uint32_t index);

    const Match& match_;
    const TaskList& list_;
    std::unordered_map<std::uint32_t, bool> by_scopes_;
    std::unordered_map<std::uint32_t, bool> by_label_;
};

/// Why that is not a POSIX extended regular expression, in the C library's words; nothing where it is one.
std::optional<std::string> pattern_problem(const std::string& pattern);

} // namespace tasks::inspect
