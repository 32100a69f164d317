// What the command line says, as text, and its meaning.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/invocation.hpp"

namespace tasks::commands {

/// The arguments as text; checked when all have been read, by take_words().
struct Words {
    bool json = false;
    bool dead = false;
    bool all = false;
    bool full = false;
    bool no_touch = false;
    bool stop = false;
    bool raw = false;
    bool debuginfod = false;
    bool threads_only = false;
    bool arguments = false;
    bool locals = false;
    bool raw_frames = false;
    std::string target;
    std::string pid;
    std::string from;
    std::string core;
    std::string exe;
    std::string save;
    std::string colour = "auto";
    std::string timeout;
    std::string period;
    std::string watch;
    std::string threshold;
    std::string state;
    std::string kind;
    std::string older;
    std::string match;
    std::string limit;
    std::string memory;
    std::string scan_limit;
    std::string name;
    bool children = false;
    std::vector<std::string> command; ///< behind --
};

/// Checks the words and fills in what they mean; into.verb is known before. Answers what is wrong, in a sentence.
std::optional<std::string> take_words(const Words& words, Invocation& into);

} // namespace tasks::commands
