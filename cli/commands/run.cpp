#include "commands/run.hpp"

#include <cstring>
#include <exception>

#include <unistd.h>

#include "commands/command_line.hpp"
#include "commands/output_file.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {
namespace {

/// Where the snapshot itself goes to standard output.
class Silence final : public render::Sink {
public:
    void write(std::string_view) override {}
};

bool wants_colour(const inspect::World& world, const Invocation& asked, int output) {
    if (asked.colour != Colour::automatic) {
        return asked.colour == Colour::always;
    }
    const auto no_color = world.environment("NO_COLOR"); // no-color.org: set and not empty
    const auto terminal = world.environment("TERM");
    return (!no_color || no_color->empty()) && terminal != "dumb" && ::isatty(output) == 1;
}

Outcome perform(const inspect::World& world, const Invocation& asked, const Output& output) {
    switch (asked.verb) {
    case Verb::list:
        return list_verb(world, asked, output);
    case Verb::tree:
        return tree_verb(world, asked, output);
    case Verb::vitals:
        return vitals_verb(world, asked, output);
    case Verb::count:
        return count_verb(world, asked, output);
    case Verb::stack:
        return stack_verb(world, asked, output);
    case Verb::deadlocks:
        return deadlocks_verb(world, asked, output);
    case Verb::leaks:
        return leaks_verb(world, asked, output);
    case Verb::doctor:
        return doctor_verb(world, asked, output);
    case Verb::summary:
        return summary_verb(world, asked, output);
    case Verb::run:
        return run_verb(world, asked);
    case Verb::version:
        return version_verb(asked, output);
    case Verb::targets:
        return targets_verb(world, output);
    }
    return std::nullopt;
}

int tell(const inspect::Error& error, bool json, const Streams& streams) {
    OutputFile file{json ? streams.output : streams.errors};
    if (json) {
        render::error_json(error, file);
    } else {
        render::error_text(error, file);
    }
    file.finish();
    return static_cast<int>(error.trouble);
}

int run_parsed(const inspect::World& world, const std::vector<std::string>& arguments, const Streams& streams) {
    const auto parsed = parse_command_line(arguments);
    OutputFile output{streams.output};
    OutputFile errors{streams.errors};
    if (const auto* wrong = std::get_if<WrongUsage>(&parsed)) {
        return tell(wrong->error, wrong->json, streams);
    }
    if (const auto* help = std::get_if<HelpText>(&parsed)) {
        output.write(help->text);
        output.finish();
        return 0;
    }
    const auto& asked = std::get<Invocation>(parsed);
    bool finding = false;
    Silence silence;
    auto& sink = asked.save == "-" ? static_cast<render::Sink&>(silence) : output;
    if (const auto error = perform(world, asked, {sink, errors, wants_colour(world, asked, streams.output), finding})) {
        return tell(*error, asked.json && asked.save != "-", streams);
    }
    output.finish();
    errors.finish();
    return finding ? static_cast<int>(inspect::Trouble::finding) : 0;
}

} // namespace

int run(const inspect::World& world, const std::vector<std::string>& arguments, const Streams& streams) {
    inspect::Error error;
    try {
        return run_parsed(world, arguments, streams);
    } catch (const OutputClosed&) {
        return 0; // whoever read has seen enough
    } catch (const OutputFailed& failed) {
        error = {inspect::Trouble::no_answer,
                 std::string{"standard output cannot be written: "} + std::strerror(failed.error)};
    } catch (const std::exception& failed) { // out of memory, above all
        error = {inspect::Trouble::no_answer, std::string{"gave up: "} + failed.what()};
    }
    try {
        return tell(error, false, streams);
    } catch (...) {
        return static_cast<int>(error.trouble);
    }
}

} // namespace tasks::commands
