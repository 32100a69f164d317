#include <fmt/format.h>

#include "render/clean.hpp"
#include "render/figures.hpp"
#include "render/group_text.hpp"
#include "render/incomplete_text.hpp"
#include "render/leak_words.hpp"
#include "render/process_words.hpp"
#include "render/render.hpp"

namespace tasks::render {

using inspect::LeakFinding;
using inspect::LeakReport;

namespace {

constexpr std::size_t groups_told = 3; // of a finding

// "told by 6 looks within 10s", "told by 1m15s of the table's history"
std::string told_by(const LeakReport& report) {
    if (report.looks > 1) {
        return fmt::format("{} looks within {}", report.looks, duration(report.over_ns));
    }
    return report.past_ns ? fmt::format("one look and {} of history", duration(*report.past_ns)) : "one look";
}

class LeaksText {
public:
    LeaksText(const LeakReport& report, const FileNames& files, Colour colour)
        : report_(report), groups_(report.stacks, files, colour, false), colour_(colour) {}

    std::string of(const LeakFinding& finding) {
        auto text = colour_.alarm(std::string(word(finding.verdict)));
        const auto shown = std::min(finding.groups.size(), groups_told);
        std::uint64_t count = 0;
        for (std::size_t at = 0; at < shown; ++at) {
            const auto& group = report_.stacks.groups[finding.groups[at]];
            text += (at == 0 ? ": " : "and ") + groups_.header(group) + groups_.body(group);
            count += group.count;
        }
        text += shown == 0 ? "\n" : "";
        if (shown < finding.groups.size() && count < finding.count) {
            text +=
                fmt::format("  and {} in {} (tasks stack shows them)\n", counted(finding.count - count, "more task"),
                            counted(finding.groups.size() - shown, "more group"));
        }
        return text + "  why: " + clean(why(report_, finding)) + "\n" + costs(finding);
    }

private:
    // "  holds: 288.0 KiB at least; full in 3h at that rate: 512.0 MiB of memory are allowed, 100.0 MiB taken"
    std::string costs(const LeakFinding& finding) const {
        if (!finding.held_bytes) {
            return "";
        }
        auto text = fmt::format("  holds: {} at least, in stacks, frames and records", size(*finding.held_bytes));
        if (const auto left = time_to_limit_ns(report_, finding)) {
            text += fmt::format("; at that rate the memory limit of {} is reached within {}",
                                size(report_.memory_limit->limit_bytes), duration(*left));
        }
        return text + "\n";
    }

    const LeakReport& report_;
    GroupText groups_;
    Colour colour_;
};

} // namespace

void leaks_text(const LeakReport& report, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    const FileNames files(report.stacks);
    LeaksText one(report, files, colour);
    const auto& process = report.stacks.process;
    if (const auto told = meaning(process, report.stacks.taken_at_realtime_ns); !told.empty()) {
        const auto text = "process " + target(process) + " " + clean(process.name) + ": " + told;
        sink.write((is_trouble(process) ? colour.alarm(text) : colour.dim(text)) + "\n\n");
    }
    for (const auto& finding : report.findings) {
        sink.write(one.of(finding) + "\n");
    }
    sink.write(incomplete_text(report.incomplete));
    for (const auto& sentence : report.not_judged) {
        sink.write(colour.dim("not judged: " + sentence) + "\n");
    }
    const auto tasks = counted(report.stacks.tasks, "task");
    sink.write(report.findings.empty()
                   ? fmt::format("no leak found among {}; {}\n", tasks, told_by(report))
                   : fmt::format("{} among {}; {}\n", counted(report.findings.size(), "leak"), tasks, told_by(report)));
}

} // namespace tasks::render
