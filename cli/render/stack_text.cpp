#include <algorithm>
#include <array>
#include <utility>

#include "render/clean.hpp"
#include "render/deadlock_text.hpp"
#include "render/figures.hpp"
#include "render/group_text.hpp"
#include "render/incomplete_text.hpp"
#include "render/process_words.hpp"
#include "render/render.hpp"

namespace tasks::render {

namespace {

using inspect::StackReport;

constexpr std::uint64_t millisecond = 1'000'000; // what duration() tells at the least

void write_left_out(const StackReport& report, Sink& sink) {
    if (report.groups_left_out > 0) {
        sink.write("... " + counted(report.groups_left_out, "more group") + ", " +
                   counted(report.tasks_left_out, "more task") + " (--limit)\n\n");
    }
}

// "; 8 threads were sampled while they ran": how, since the last of these does something to them.
std::string captured_running(const StackReport& report) {
    const auto count = [&report](inspect::RunningBy by) {
        return std::ranges::count(report.list.snapshot().threads, by, &inspect::ThreadFacts::running_by);
    };
    std::string text;
    if (report.list.slots() == 0) {
        return text;
    }
    const std::array<std::pair<inspect::RunningBy, std::string_view>, 3> ways{
        {{inspect::RunningBy::signal, " captured by its agent's signal"},
         {inspect::RunningBy::perf_sample, " sampled while running"},
         {inspect::RunningBy::ptrace, " held for microseconds"}}};
    for (const auto& [by, words] : ways) {
        if (const auto threads = count(by)) {
            text.append("; ").append(counted(static_cast<std::uint64_t>(threads), "thread")).append(words);
        }
    }
    return text;
}

// "; coroutines found within 30ms": memory is read while the process goes on.
std::string found_coroutines(const StackReport& report) {
    const auto* list =
        report.list.slots() == 0 || !report.list.snapshot().coroutines ? nullptr : &*report.list.snapshot().coroutines;
    if (list == nullptr || list->frames.empty()) {
        return "";
    }
    auto text = "; coroutines found within " + duration(std::max(list->skew_ns, millisecond));
    if (list->dropped > 0) {
        text += ", " + counted(list->dropped, "frame") + " that changed meanwhile left out";
    }
    return text;
}

// "14 tasks in 3 groups; captured within 2ms; ..."
std::string totals(const StackReport& report, bool left_out) {
    const auto shown = report.tasks - report.filtered_out;
    auto text = counted(shown, "task") + " in " + counted(report.groups.size() + report.groups_left_out, "group");
    if (report.filtered_out > 0) {
        text += "; " + number(report.filtered_out) + " more filtered out";
    }
    if (report.skew_ns > 0) {
        text += "; threads captured within " + duration(std::max(report.skew_ns, millisecond));
    }
    if (report.held_ns) {
        text += "; the process was held for " + duration(std::max(*report.held_ns, millisecond));
    } else {
        text += captured_running(report);
    }
    text += found_coroutines(report);
    if (report.dropped > 0) {
        text += "; " + counted(report.dropped, "job") + " found no room in the table: not shown";
    }
    if (left_out) {
        text += "; library frames at the ends of stacks left out (--full shows them)";
    }
    return text + "\n";
}

} // namespace

void stack_text(const StackReport& report, const inspect::StackOptions& asked, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    const FileNames files(report);
    GroupText group_text(report, files, colour, asked.full);
    if (const auto told = meaning(report.process, report.taken_at_realtime_ns); !told.empty()) {
        const auto text = "process " + target(report.process) + " " + clean(report.process.name) + ": " + told;
        sink.write((is_trouble(report.process) ? colour.alarm(text) : colour.dim(text)) + "\n\n");
    }
    sink.write(findings_text(report.waits, FramesText(files, colour, false), colour, false));
    bool left_out = false;
    for (const auto& group : report.groups) {
        sink.write(group_text.header(group) + group_text.body(group) + "\n");
        left_out = left_out || group_text.leaves_out(group);
    }
    write_left_out(report, sink);
    sink.write(incomplete_text(report.incomplete) + totals(report, left_out));
}

} // namespace tasks::render
