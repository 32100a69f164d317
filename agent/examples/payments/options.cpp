#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>

namespace {

template <class Number> bool read_number(std::string_view text, Number least, Number most, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number >= least && number <= most;
}

bool read_cause(std::string_view text, Cause& cause) {
    const auto* found = std::ranges::find(causes, text, &Cause::name);
    if (found == causes.end())
        return false;
    cause = *found;
    return true;
}

/// False: no such option, or a value that it does not take.
bool read_value(std::string_view flag, std::string_view value, Options& options) {
    if (flag == "--cause")
        return read_cause(value, options.cause);
    if (flag == "--requests")
        return read_number(value, 0u, 1000u, options.requests);
    if (flag == "--rate")
        return read_number(value, 0.0, 1000.0, options.rate);
    if (flag == "--name")
        return options.name = value, true;
    return false;
}

bool read_switch(std::string_view flag, Options& options) {
    if (flag == "--fixed")
        return options.fixed = true;
    if (flag == "--help")
        return options.help = true;
    return false;
}

} // namespace

std::optional<Options> parse_options(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        if (read_switch(argv[i], options))
            continue;
        if (i + 1 < argc && read_value(argv[i], argv[i + 1], options)) {
            ++i;
            continue;
        }
        std::fprintf(stderr, "payments: '%s': no such option, or its value is missing or wrong; see --help\n", argv[i]);
        return std::nullopt;
    }
    return options;
}

void print_usage() {
    std::puts("usage: payments [--cause CAUSE] [--requests N] [--rate N] [--name NAME] [--fixed]\n"
              "A service that leaks tasks; with --fixed, one that does not. Stays until SIGTERM, an hour at the most.\n"
              "  --requests N  handles N requests at start (default 4, at most 1000)\n"
              "  --rate N      then N a second (default 0.1)\n"
              "  --name NAME   what it calls itself (default payments)\n"
              "causes:");
    for (const Cause& cause : causes)
        std::printf("  %.*s\n", static_cast<int>(cause.name.size()), cause.name.data());
}
