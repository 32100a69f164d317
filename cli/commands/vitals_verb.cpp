// `tasks vitals TARGET`: is it sick?
#include "analysis/analyse.hpp"
#include "commands/captured_target.hpp"
#include "commands/counted_coroutines.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {

Outcome vitals_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    inspect::CaptureOptions options;
    options.stack_bytes = 0;
    options.last_ran = false;
    auto snapshot = capture_target(world, asked, options);
    if (!snapshot) {
        return snapshot.error();
    }
    if (auto error = count_coroutines(world, asked, *snapshot)) {
        return error;
    }
    const auto report = inspect::analyse_vitals(*snapshot);
    if (asked.json) {
        render::vitals_json(report, output.sink);
    } else {
        render::vitals_text(report, {output.colour}, output.sink);
    }
    return std::nullopt;
}

} // namespace tasks::commands
