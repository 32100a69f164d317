#include "render/clean.hpp"
#include "render/colour.hpp"
#include "render/figures.hpp"
#include "render/incomplete_text.hpp"
#include "render/process_words.hpp"
#include "render/render.hpp"

namespace tasks::render {

namespace {

using inspect::VitalFacts;
using inspect::VitalsReport;

// "running 1, waiting 13": what is not known comes last, though its number is 0.
template <class What> std::string listed(const std::map<What, std::uint64_t>& counts) {
    std::string text;
    const auto add = [&](What what, std::uint64_t count) {
        text.append(text.empty() ? "" : ", ").append(protocol::word(what)).append(" ").append(number(count));
    };
    for (const auto& [what, count] : counts) {
        if (what != What::unknown) {
            add(what, count);
        }
    }
    if (const auto at = counts.find(What::unknown); at != counts.end()) {
        add(at->first, at->second);
    }
    return text.empty() ? unknown : text;
}

std::string waits(const VitalsReport& report) {
    std::string text;
    for (const auto& wait : report.by_wait) {
        text.append(text.empty() ? "" : ", ")
            .append(protocol::word(wait.reason))
            .append(" ")
            .append(number(wait.count));
        if (wait.oldest_ns) {
            text.append(" (oldest ").append(duration(*wait.oldest_ns)).append(")");
        }
    }
    return text;
}

constexpr std::size_t longest_queue_name = 60;

// "payments queue 1,204, mail 3, and 2 probes that found no room"
std::string queues(const VitalFacts& figures) {
    std::string text;
    for (const auto& [name, depth] : *figures.queues) {
        text.append(text.empty() ? "" : ", ")
            .append(cut_to(clean(name.empty() ? unknown : name), longest_queue_name))
            .append(" ")
            .append(number(depth));
    }
    if (figures.queues_left_out > 0) {
        text.append(text.empty() ? "" : ", and ")
            .append(counted(figures.queues_left_out, "probe"))
            .append(" that found no room");
    }
    return text;
}

// "RSS 24.1 MiB (peak 31.0)": the unit is told again only where it differs.
std::string memory(const VitalFacts& figures) {
    const auto rss = size(figures.rss_bytes);
    auto peak = size(figures.peak_rss_bytes);
    const auto unit = rss.find(' ');
    if (unit != std::string::npos && peak.ends_with(rss.substr(unit))) {
        peak.resize(peak.find(' '));
    }
    return "RSS " + rss + " (peak " + peak + "), stacks " + size(figures.stack_bytes);
}

std::string cpus(const std::optional<std::uint32_t>& count) { return count ? number(std::uint64_t{*count}) : unknown; }

std::string last_minute(const std::optional<std::int64_t>& change) { return change ? signed_number(*change) : unknown; }

} // namespace

void vitals_text(const VitalsReport& report, const TextOptions& options, Sink& sink) {
    const auto& figures = report.figures;
    const Colour colour(options.colour);
    const bool plain =
        report.process.agent == inspect::AgentState::none || report.process.agent == inspect::AgentState::core;
    std::string text;
    const auto line = [&](std::string_view label, const std::string& value) {
        text.append(label).append(": ").append(value).append("\n");
    };
    line("tasks", number(report.tasks));
    line("OS threads", number(figures.os_threads));
    line("usable CPUs", cpus(figures.usable_cpus));
    line("num CPU", cpus(figures.num_cpus));
    if (const auto means = meaning(report.process, report.taken_at_realtime_ns); !means.empty()) {
        const auto told = "process: " + means;
        text.append(is_trouble(report.process) ? colour.alarm(told) : colour.dim(told)).append("\n");
    }
    line("kind", listed(report.by_kind) + "    state: " + listed(report.by_state));
    if (!report.by_wait.empty()) {
        line("waiting", waits(report));
    }
    if (figures.queues && (!figures.queues->empty() || figures.queues_left_out > 0)) {
        line("queues", queues(figures));
    }
    if (!plain) { // only an agent knows of jobs
        line("started/ended", number(figures.jobs_started) + "/" + number(figures.jobs_ended) + " (last minute " +
                                  last_minute(figures.jobs_last_minute) + ")");
    }
    if (figures.jobs_dropped > 0) {
        line("dropped", counted(figures.jobs_dropped, "job") + " found no room in the table");
    }
    line("memory", memory(figures));
    line("switches", number(figures.switches_voluntary) + " voluntary, " + number(figures.switches_involuntary) +
                         " involuntary    fds: " + number(figures.fds) + "    up: " + duration(figures.uptime_ns));
    text += incomplete_text(report.incomplete);
    sink.write(text);
}

} // namespace tasks::render
