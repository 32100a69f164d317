// Bare `tasks TARGET`: which process, how it is, and what most of its tasks do, on one screen.
#include <algorithm>

#include "render/clean.hpp"
#include "render/figures.hpp"
#include "render/group_text.hpp"
#include "render/json_parts.hpp"
#include "render/process_words.hpp"
#include "render/program_text.hpp"

namespace tasks::render {

namespace {

constexpr std::size_t groups_shown = 5;

std::string title(const inspect::ProcessFacts& process) {
    auto text = target(process) + "  " + clean(process.name);
    if (!process.exe.empty()) {
        text += "  " + clean(process.exe);
    }
    if (!process.user.empty()) {
        text += "  user " + clean(process.user);
    }
    return text;
}

void write_groups(const inspect::StackReport& stacks, const Colour& colour, Sink& sink) {
    const FileNames files(stacks);
    GroupText group_text(stacks, files, colour, false);
    const auto shown = std::min(stacks.groups.size(), groups_shown);
    for (std::size_t at = 0; at < shown; ++at) {
        const auto& group = stacks.groups[at];
        const auto top = group_text.top(group);
        sink.write(group_text.header(group) + (top.empty() ? "" : "    " + top + "\n"));
    }
    auto groups = stacks.groups_left_out;
    auto tasks = stacks.tasks_left_out;
    for (auto at = shown; at < stacks.groups.size(); ++at) {
        ++groups;
        tasks += stacks.groups[at].count;
    }
    if (groups > 0) {
        sink.write("... " + counted(groups, "more group") + ", " + counted(tasks, "more task") + " (tasks stack " +
                   target(stacks.process) + ")\n");
    }
}

} // namespace

void summary_text(const inspect::SummaryReport& report, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    sink.write(colour.bold(title(report.vitals.process)) + "\n");
    sink.write(program_text(report));
    vitals_text(report.vitals, options, sink);
    sink.write("\n");
    write_groups(report.stacks, colour, sink);
}

void summary_json(const inspect::SummaryReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    json.key("program");
    write_program(report, json);
    json.key("vitals");
    write_vitals(report.vitals, json);
    json.key("stack");
    write_stacks(report.stacks, json);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
