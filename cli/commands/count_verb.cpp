// `tasks count TARGET`: one number.
#include "analysis/analyse.hpp"
#include "commands/captured_target.hpp"
#include "commands/counted_coroutines.hpp"
#include "commands/verbs.hpp"
#include "render/incomplete_text.hpp"

namespace tasks::commands {

Outcome count_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    inspect::CaptureOptions options; // the agent knows the number; nothing else is asked for
    options.figures = false;
    options.tasks = asked.threads_only;
    options.threads = asked.threads_only;
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
    if (!report.tasks && !asked.json) {
        return inspect::Error{inspect::Trouble::not_inspectable,
                              "process " + std::to_string(report.process.pid) + ": its number of tasks is not known" +
                                  (report.incomplete.empty() ? "" : "; " + report.incomplete.front().reason)};
    }
    if (asked.json) {
        render::count_json(report, output.sink);
    } else {
        render::count_text(report, output.sink);
        output.errors.write(render::incomplete_text(report.incomplete));
    }
    return std::nullopt;
}

} // namespace tasks::commands
