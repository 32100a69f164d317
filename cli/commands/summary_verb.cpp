// `tasks TARGET`: what the process is, its vitals and the biggest groups on one screen.
#include "analysis/analyse.hpp"
#include "capture/program_facts.hpp"
#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {
namespace {

constexpr std::uint64_t shown_groups = 3; // of about six lines each: one screen with the vitals

bool lives(const inspect::Snapshot& snapshot) {
    const auto& process = snapshot.process; // of a file the pid may be another process's by now
    return process.agent != inspect::AgentState::dead && process.from.kind == inspect::FileKind::none;
}

} // namespace

Outcome summary_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    auto snapshot = capture_target(world, asked, {});
    if (!snapshot) {
        return snapshot.error();
    }
    inspect::SummaryReport report;
    if (lives(*snapshot)) {
        report.program = inspect::read_program(world, snapshot->process, asked.period_ns, asked.timeout_ns / 2);
    }
    inspect::StackOptions biggest;
    biggest.limit = shown_groups;
    auto stacks = name_stacks(world, *snapshot, biggest, name_sources(asked));
    if (!stacks) {
        return stacks.error();
    }
    report.stacks = *std::move(stacks);
    report.vitals = inspect::analyse_vitals(*snapshot); // the coroutines that were found with the stacks among them
    if (asked.json) {
        render::summary_json(report, output.sink);
    } else {
        render::summary_text(report, {output.colour}, output.sink);
    }
    return std::nullopt;
}

} // namespace tasks::commands
