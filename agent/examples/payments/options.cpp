#include "options.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <string_view>
#include <vector>

#include "cause.hpp"
#include "coroutines/service.hpp"

namespace {

constexpr unsigned most_threaded_requests = 1000; // each of which can leave a thread or two

template <class Number> bool read_number(std::string_view text, Number least, Number most, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number >= least && number <= most;
}

/// False: no such option, or a value that it does not take.
bool read_value(std::string_view flag, std::string_view value, Options& options) {
    if (flag == "--cause")
        return options.cause = value, true;
    if (flag == "--requests")
        return read_number(value, 0u, 100'000u, options.requests);
    if (flag == "--rate")
        return read_number(value, 0.0, 1000.0, options.rate);
    if (flag == "--name")
        return options.name = value, true;
    return false;
}

bool read_switch(std::string_view flag, Options& options) {
    if (flag == "--coroutines")
        return options.coroutines = true;
    if (flag == "--fixed")
        return options.fixed = true;
    if (flag == "--help")
        return options.help = true;
    return false;
}

std::vector<std::string_view> thread_cause_names() {
    std::vector<std::string_view> names;
    std::ranges::transform(causes, std::back_inserter(names), &Cause::name);
    return names;
}

/// What holds between the options.
bool fit_together(const Options& options) {
    const auto known = options.coroutines ? coroutines::cause_names() : thread_cause_names();
    const bool cause_known = std::ranges::find(known, options.cause) != known.end();
    return cause_known && (options.coroutines || options.requests <= most_threaded_requests);
}

void print_names(const char* title, const std::vector<std::string_view>& names) {
    std::puts(title);
    for (const std::string_view name : names)
        std::printf("  %.*s\n", static_cast<int>(name.size()), name.data());
}

} // namespace

std::chrono::milliseconds Options::pause() const {
    return rate < 0.001 ? std::chrono::hours{1} : std::chrono::milliseconds{static_cast<long>(1000 / rate)};
}

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
    if (!options.help && !fit_together(options)) {
        std::fprintf(stderr, "payments: no cause '%s', or too many requests; see --help\n", options.cause.c_str());
        return std::nullopt;
    }
    return options;
}

void print_usage() {
    std::puts("usage: payments [--coroutines] [--cause CAUSE] [--requests N] [--rate N] [--name NAME] [--fixed]\n"
              "A service that leaks tasks; with --fixed, one that does not. Stays until SIGTERM, an hour at the most.\n"
              "  --coroutines  its tasks are coroutines of one thread; else they are threads\n"
              "  --requests N  handles N requests at start (default 4, at most 1000, as coroutines 100000)\n"
              "  --rate N      then N a second (default 0.1)\n"
              "  --name NAME   what it calls itself (default payments)");
    print_names("causes:", thread_cause_names());
    print_names("causes with --coroutines:", coroutines::cause_names());
}
