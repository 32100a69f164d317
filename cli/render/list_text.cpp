#include "render/clean.hpp"
#include "render/columns.hpp"
#include "render/figures.hpp"
#include "render/leak_words.hpp"
#include "render/process_words.hpp"

#include <algorithm>

namespace tasks::render {

namespace {

using inspect::AgentState;

constexpr std::size_t trend_width = 8; // "+120/min": the columns after it stay where they are while a process grows

/// Nothing is wrong with it.
bool is_well(AgentState agent) { return agent == AgentState::answers || agent == AgentState::none; }

/// Which columns are there only where a process has something to say in them.
struct Extra {
    bool verdict = false;
    bool state = false;
};

std::vector<Column> columns(Extra extra) {
    std::vector<Column> all{{"PID"},
                            {"TASKS", Align::right},
                            {"THREADS", Align::right},
                            {"TREND", Align::left, trend_width},
                            {"UP"},
                            {"NAME"},
                            {"PATH"}};
    if (extra.verdict) {
        all.insert(all.end() - 3, {"VERDICT"});
    }
    if (extra.state) {
        all.insert(all.end() - 2, {"STATE"});
    }
    return all;
}

Columns::Row row_of(const inspect::ProcessRow& row, Extra extra) {
    const auto& process = row.process;
    const bool well = is_well(process.agent);
    std::vector<std::string> cells{pid_mark(process),        number(row.tasks),       number(row.threads),
                                   trend(row.trend_per_min), duration(row.uptime_ns), clean(process.name),
                                   clean(process.exe)};
    for (auto& cell : cells) {
        cell = cell.empty() ? unknown : cell;
    }
    if (extra.verdict) {
        cells.insert(cells.end() - 3, row.verdict ? "! " + std::string(word(*row.verdict)) : "");
    }
    if (extra.state) {
        cells.insert(cells.end() - 2, well ? "" : std::string(word(process.agent)));
    }
    return {std::move(cells), !well};
}

} // namespace

void list_text(const ListReport& report, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    const Extra extra{
        std::ranges::any_of(report.processes, [](const auto& row) { return row.verdict.has_value(); }),
        std::ranges::any_of(report.processes, [](const auto& row) { return !is_well(row.process.agent); })};
    if (report.processes.empty()) {
        sink.write("no process with an agent was found\n");
    } else {
        Columns table(columns(extra));
        for (const auto& row : report.processes) {
            table.add(row_of(row, extra));
        }
        table.write(colour, sink);
    }
    for (const auto& problem : report.problems) {
        sink.write(colour.dim(clean(problem)) + "\n");
    }
}

} // namespace tasks::render
