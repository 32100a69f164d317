// What the service was asked to do. Plain value.
#pragma once

#include <chrono>
#include <optional>
#include <string>

struct Options {
    std::string cause = "send-without-receiver";
    unsigned requests = 4; ///< at start
    double rate = 0.1;     ///< further ones a second
    std::string name = "payments";
    bool coroutines = false;
    bool fixed = false;
    bool help = false;

    /// Between two requests.
    std::chrono::milliseconds pause() const;
};

/// Nothing, and a sentence on standard error, where the arguments are wrong.
std::optional<Options> parse_options(int argc, char** argv);

void print_usage();
