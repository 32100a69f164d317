// `tasks doctor`: a line for each thing that was looked at, and below it what helps.
#include <algorithm>
#include <string>

#include "render/clean.hpp"
#include "render/colour.hpp"
#include "render/figures.hpp"
#include "render/json_writer.hpp"
#include "render/render.hpp"

namespace tasks::render {
namespace {

using inspect::Check;

std::string_view word(Check::State state) {
    switch (state) {
    case Check::State::works:
        return "works";
    case Check::State::limited:
        return "limited";
    case Check::State::missing:
        break;
    }
    return "missing";
}

constexpr std::size_t word_width = 9; // of the longest, and two blanks

} // namespace

void doctor_text(const std::vector<Check>& checks, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    for (const auto& check : checks) {
        const std::string state{word(check.state)};
        const auto padded = state + std::string(word_width - state.size(), ' ');
        sink.write((check.state == Check::State::missing ? colour.alarm(padded) : padded) + clean(check.what) + ": " +
                   clean(check.finding) + "\n");
        if (!check.way_out.empty()) {
            sink.write(std::string(word_width, ' ') + colour.dim("-> " + clean(check.way_out)) + "\n");
        }
    }
    const auto lacking = std::ranges::count(checks, Check::State::missing, &Check::state);
    const auto limited = std::ranges::count(checks, Check::State::limited, &Check::state);
    sink.write("\n" + std::to_string(checks.size()) + " checked: " + number(static_cast<std::uint64_t>(limited)) +
               " limited, " + number(static_cast<std::uint64_t>(lacking)) + " missing\n");
}

void doctor_json(const std::vector<Check>& checks, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    json.key("checks").begin_array();
    for (const auto& check : checks) {
        json.begin_object();
        json.key("state").string(word(check.state));
        json.key("what").string(check.what);
        json.key("finding").string(check.finding);
        json.key("way_out").string_unless_empty(check.way_out);
        json.end_object();
    }
    json.end_array();
    json.end_object();
    json.finish();
}

} // namespace tasks::render
