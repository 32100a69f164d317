// What the service was asked to do. Plain value.
#pragma once

#include <optional>
#include <string>

#include "cause.hpp"

struct Options {
    Cause cause = causes[0];
    unsigned requests = 4; ///< at start
    double rate = 0.1;     ///< further ones a second
    std::string name = "payments";
    bool fixed = false;
    bool help = false;
};

/// Nothing, and a sentence on standard error, where the arguments are wrong.
std::optional<Options> parse_options(int argc, char** argv);

void print_usage();
