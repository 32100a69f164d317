// `tasks stack TARGET`: what is everything doing?
#include "capture/permission_cause.hpp"
#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {

Outcome stack_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    inspect::CaptureOptions options;
    options.figures = false;
    options.touch = asked.touch;
    options.stop = asked.stop;
    auto snapshot = capture_target(world, asked, options);
    if (!snapshot) {
        return snapshot.error();
    }
    if (auto forbidden = inspect::all_forbidden(world, *snapshot)) {
        return forbidden;
    }
    const auto report = name_stacks(world, *snapshot, asked.stack, name_sources(asked));
    if (!report) {
        return report.error();
    }
    if (asked.json) {
        render::stack_json(*report, output.sink);
    } else {
        render::stack_text(*report, asked.stack, {output.colour}, output.sink);
    }
    return std::nullopt;
}

} // namespace tasks::commands
