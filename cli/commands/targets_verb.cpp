// `tasks __targets`: what a shell offers as TARGET (packaging/completions), a line each: the word, a tab, what it is.
// PIDs, the names that one process alone has, PID@START of the dead. Asks no agent: one that hangs must not hold up a
// key press.
#include <algorithm>

#include "commands/verbs.hpp"
#include "discovery/discovery.hpp"
#include "render/clean.hpp"

namespace tasks::commands {
namespace {

constexpr std::uint64_t patience_ns = 500'000'000;

/// A word that is one word to every shell, and to the command the name of a process.
bool is_plain_name(std::string_view name) {
    return !name.empty() && name.front() != '-' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") == name.npos &&
           name.find_first_not_of("0123456789") != name.npos;
}

void write_line(const std::string& word, const std::string& what, const Output& output) {
    output.sink.write(word + "\t" + render::clean(what) + "\n");
}

void write_names(const std::vector<discovery::Sighting>& living, const Output& output) {
    for (const auto& one : living) {
        const auto& name = one.target.process.name;
        const auto count =
            std::ranges::count_if(living, [&](const auto& other) { return discovery::is_named(other.target, name); });
        if (count == 1 && is_plain_name(name)) {
            write_line(name, "process " + std::to_string(one.target.process.pid), output);
        }
    }
}

} // namespace

Outcome targets_verb(const inspect::World& world, const Output& output) {
    auto discovery = discovery::Discovery::begin(world, patience_ns);
    if (!discovery) {
        return discovery.error();
    }
    const auto survey = discovery->survey();
    for (const auto& one : survey.living) {
        write_line(std::to_string(one.target.process.pid), one.target.process.name, output);
    }
    write_names(survey.living, output);
    for (const auto& one : survey.dead) {
        const auto& process = one.target.process;
        write_line(std::to_string(process.pid) + "@" + std::to_string(process.start_time_ticks),
                   process.name + ", dead", output);
    }
    return std::nullopt;
}

} // namespace tasks::commands
