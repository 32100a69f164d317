// `tasks deadlocks TARGET`: who waits for whom for ever? Names only what it prints.
#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {

Outcome deadlocks_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    inspect::CaptureOptions options;
    options.figures = false;
    options.last_ran = false;
    options.touch = false;       // who runs waits for nobody
    options.second_look = false; // and only steady waits are findings
    auto snapshot = capture_target(world, asked, options);
    if (!snapshot) {
        return snapshot.error();
    }
    auto sources = name_sources(asked);
    sources.coroutines.reset(); // they hold no locks that could be told
    const auto report = name_waits(world, *snapshot, sources);
    if (!report) {
        return report.error();
    }
    if (asked.json) {
        render::deadlocks_json(*report, output.sink);
    } else {
        render::deadlocks_text(*report, {output.colour}, output.sink);
    }
    output.finding = !report->waits.findings.empty();
    return std::nullopt;
}

} // namespace tasks::commands
