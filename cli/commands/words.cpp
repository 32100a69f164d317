#include "commands/words.hpp"

#include <charconv>
#include <climits>

#include "analysis/match.hpp"
#include "commands/duration.hpp"
#include "commands/size.hpp"
#include "commands/target_text.hpp"

namespace tasks::commands {
namespace {

constexpr std::size_t max_pattern_bytes = 1024;
constexpr std::uint64_t longest_timeout_ns = 3'600'000'000'000;

template <class Value, class Parse>
std::optional<std::string> take(const std::string& text, std::string_view option, std::string_view allowed,
                                std::optional<Value>& into, Parse parse) {
    if (text.empty()) {
        return std::nullopt;
    }
    into = parse(text);
    return into
               ? std::nullopt
               : std::optional{std::string{option} + " " + text + ": not understood; it takes " + std::string{allowed}};
}

std::optional<std::uint64_t> parse_limit(std::string_view text) {
    std::uint64_t count = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), count);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size() && count != 0 ? std::optional{count}
                                                                                       : std::nullopt;
}

std::optional<std::string> take_match(const std::string& pattern, inspect::StackOptions& into) {
    if (pattern.empty()) {
        return std::nullopt;
    }
    if (pattern.size() > max_pattern_bytes) {
        return "--match: the pattern is longer than 1024 bytes";
    }
    if (const auto problem = inspect::pattern_problem(pattern)) {
        return "--match " + pattern + ": not a POSIX extended regular expression: " + *problem;
    }
    into.match = pattern;
    return std::nullopt;
}

std::optional<std::string> take_stack_options(const Words& words, inspect::StackOptions& into) {
    into.full = words.full;
    into.raw_frames = words.raw_frames;
    into.arguments = words.arguments;
    into.locals = words.locals;
    if (auto wrong = take(words.state, "--state", "running, runnable, waiting, done or unknown", into.state,
                          protocol::state_of)) {
        return wrong;
    }
    if (auto wrong =
            take(words.kind, "--kind", "thread, coroutine, fiber, job or unknown", into.kind, protocol::kind_of)) {
        return wrong;
    }
    if (auto wrong =
            take(words.older, "--older", "a duration like 500ms, 30s, 5m, 2h or 1d", into.older_ns, parse_duration)) {
        return wrong;
    }
    if (auto wrong = take(words.limit, "--limit", "a number from 1", into.limit, parse_limit)) {
        return wrong;
    }
    return take_match(words.match, into);
}

std::optional<std::string> take_colour(const std::string& text, Colour& into) {
    if (text != "auto" && text != "always" && text != "never") {
        return "--color " + text + ": not understood; it takes auto, always or never";
    }
    into = text == "always" ? Colour::always : text == "never" ? Colour::never : Colour::automatic;
    return std::nullopt;
}

std::optional<std::uint64_t> parse_patience(std::string_view text) {
    const auto duration = parse_duration(text);
    return duration && *duration != 0 && *duration <= longest_timeout_ns ? duration : std::nullopt;
}

std::optional<std::string> take_patience(const std::string& text, std::string_view option,
                                         std::optional<std::uint64_t>& into) {
    return take(text, option, "a duration like 500ms, 1s or 2m, up to 1h", into, parse_patience);
}

std::optional<std::string> take_timeout(const std::string& text, Invocation& into) {
    std::optional<std::uint64_t> timeout;
    if (auto wrong = take_patience(text, "--timeout", timeout)) {
        return wrong;
    }
    into.timeout_ns = timeout.value_or(into.timeout_ns); // the default stays
    into.timeout_given = timeout.has_value();
    return std::nullopt;
}

std::optional<std::string> take_period(const Words& words, Invocation& into) {
    std::optional<std::uint64_t> period;
    if (auto wrong = take_patience(words.period, "--period", period)) {
        return wrong;
    }
    if (period && (into.verb != Verb::summary || !words.from.empty())) {
        return "--period goes with a TARGET without a verb: tasks TARGET --period " + words.period;
    }
    into.period_ns = period.value_or(0);
    return std::nullopt;
}

std::optional<std::string> take_leaks(const Words& words, Invocation& into) {
    const auto parse_watch = [](std::string_view text) {
        const auto duration = text == "0" ? std::optional<std::uint64_t>{0} : parse_duration(text);
        return duration && *duration <= longest_timeout_ns ? duration : std::nullopt;
    };
    if (auto wrong = take(words.watch, "--for", "a duration like 10s, 30s or 5m, up to 1h, or 0 for one look",
                          into.watch_ns, parse_watch)) {
        return wrong;
    }
    if (into.watch_ns.value_or(0) != 0 && !(words.from.empty() && words.core.empty())) {
        return "--for: a file is one look; leave it out";
    }
    std::optional<std::uint64_t> threshold;
    if (auto wrong = take(words.threshold, "--threshold", "a number from 1", threshold, parse_limit)) {
        return wrong;
    }
    into.leak_threshold = threshold.value_or(into.leak_threshold);
    return std::nullopt;
}

std::optional<std::string> take_memory(const Words& words, Invocation& into) {
    const auto parse_fd = [](std::string_view text) {
        const auto fd = parse_limit(text);
        return fd && *fd <= INT_MAX ? std::optional{static_cast<int>(*fd)} : std::nullopt;
    };
    std::optional<int> fd;
    if (auto wrong = take(words.memory, "--memory", "the number of an open file", fd, parse_fd)) {
        return wrong;
    }
    into.memory_fd = fd.value_or(-1);
    return fd && words.from.empty() ? std::optional<std::string>{"--memory: it goes with --from"} : std::nullopt;
}

std::optional<std::string> take_scan(const Words& words, Invocation& into) {
    std::optional<std::uint64_t> limit;
    if (auto wrong = take(words.scan_limit, "--scan-limit", "a size like 500M, 8G or 1T", limit, parse_size)) {
        return wrong;
    }
    into.scan_limit = limit.value_or(into.scan_limit);
    into.threads_only = words.threads_only;
    if (words.threads_only && (limit || words.arguments || words.locals || words.raw_frames)) {
        return "--threads-only leaves coroutines out: it does not go with --args, --locals, --raw-frames or "
               "--scan-limit";
    }
    return std::nullopt;
}

/// `-p=12`: CLI11 hands the `=` of a short option over as part of the value.
std::string without_equals(const std::string& text) { return text.starts_with('=') ? text.substr(1) : text; }

std::optional<std::string> take_target(const Words& words, Verb verb, TargetText& into) {
    const bool by_option = !words.pid.empty();
    if (!words.from.empty() && !words.core.empty()) {
        return "--from and --core: give one of them";
    }
    if (!words.from.empty() || !words.core.empty()) {
        const auto file = words.from.empty() ? "--core " + words.core : "--from " + words.from;
        return by_option || !words.target.empty() ? std::optional{"TARGET and " + file + ": give one of them"}
                                                  : std::nullopt;
    }
    if (by_option && !words.target.empty()) {
        return "TARGET is given twice, as " + words.target + " and with -p; give it once";
    }
    if (!by_option && words.target.empty()) {
        const std::string name = verb == Verb::vitals      ? "vitals"
                                 : verb == Verb::count     ? "count"
                                 : verb == Verb::deadlocks ? "deadlocks"
                                 : verb == Verb::leaks     ? "leaks"
                                                           : "stack";
        return name + " needs a TARGET: a PID, a name, or PID@START, which tasks list shows; or --from, or --core, and "
                      "a file";
    }
    auto target = parse_target(by_option ? without_equals(words.pid) : words.target);
    if (!target) {
        return target.error();
    }
    into = *std::move(target);
    return std::nullopt;
}

/// What files go with which.
std::optional<std::string> wrong_files(const Words& words) {
    if (!words.exe.empty() && words.core.empty()) {
        return "--exe " + words.exe + ": it goes with --core";
    }
    return words.raw && words.save.empty() ? std::optional<std::string>{"--raw: it goes with --save"} : std::nullopt;
}

std::optional<std::string> take_command(const Words& words, Invocation& into) {
    constexpr std::size_t longest_name = 63; // of the table's
    if (words.command.empty()) {
        return "run needs a program, behind --, as in tasks run -- server --port 80";
    }
    if (words.name.size() > longest_name) {
        return "--name: the name is longer than 63 bytes";
    }
    into.command = words.command;
    into.name = words.name;
    into.children = words.children;
    return std::nullopt;
}

} // namespace

std::optional<std::string> take_words(const Words& words, Invocation& into) {
    into.from = words.from;
    into.core = words.core;
    into.exe = words.exe;
    into.save = words.save;
    into.raw = words.raw;
    if (auto wrong = wrong_files(words)) {
        return wrong;
    }
    into.json = words.json;
    into.dead = words.dead;
    into.touch = !words.no_touch;
    into.stop = words.stop;
    into.debuginfod = words.debuginfod;
    into.all = words.all;
    if (into.dead && into.all) {
        return "--dead and --all: give one of them";
    }
    if (auto wrong = take_colour(words.colour, into.colour)) {
        return wrong;
    }
    if (auto wrong = take_timeout(words.timeout, into)) {
        return wrong;
    }
    if (auto wrong = take_period(words, into)) {
        return wrong;
    }
    if (auto wrong = take_stack_options(words, into.stack)) {
        return wrong;
    }
    if (auto wrong = take_leaks(words, into)) {
        return wrong;
    }
    if (auto wrong = take_scan(words, into)) {
        return wrong;
    }
    if (auto wrong = take_memory(words, into)) {
        return wrong;
    }
    if (into.verb == Verb::run) {
        return take_command(words, into);
    }
    if (into.verb == Verb::doctor && words.target.empty() && words.pid.empty()) {
        return std::nullopt; // of this machine
    }
    if (into.verb != Verb::list && into.verb != Verb::tree && into.verb != Verb::version &&
        into.verb != Verb::targets) {
        return take_target(words, into.verb, into.target);
    }
    if (!words.save.empty()) {
        return "--save: it goes with a TARGET; tasks list shows them";
    }
    if (!words.target.empty() || !words.pid.empty() || !words.from.empty() || !words.core.empty()) {
        return "this verb takes no TARGET; put the verb first and the TARGET after one that takes it";
    }
    return std::nullopt;
}

} // namespace tasks::commands
