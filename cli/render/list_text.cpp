#include "render/clean.hpp"
#include "render/columns.hpp"
#include "render/figures.hpp"
#include "render/process_words.hpp"

#include <algorithm>

namespace tasks::render {

namespace {

using inspect::AgentState;

constexpr std::size_t trend_width = 8; // "+120/min": the columns after it stay where they are while a process grows

/// Nothing is wrong with it.
bool is_well(AgentState agent) { return agent == AgentState::answers || agent == AgentState::none; }

std::vector<Column> columns(bool with_state) {
    std::vector<Column> all{{"PID"},
                            {"TASKS", Align::right},
                            {"THREADS", Align::right},
                            {"TREND", Align::left, trend_width},
                            {"UP"},
                            {"NAME"},
                            {"PATH"}};
    if (with_state) {
        all.insert(all.end() - 2, {"STATE"});
    }
    return all;
}

Columns::Row row_of(const inspect::ProcessRow& row, bool with_state) {
    const auto& process = row.process;
    const bool well = is_well(process.agent);
    std::vector<std::string> cells{pid_mark(process),        number(row.tasks),       number(row.threads),
                                   trend(row.trend_per_min), duration(row.uptime_ns), clean(process.name),
                                   clean(process.exe)};
    if (with_state) {
        cells.insert(cells.end() - 2, well ? "" : std::string(word(process.agent)));
    }
    for (auto& cell : cells) {
        cell = cell.empty() ? unknown : cell;
    }
    if (with_state && well) {
        (cells.end() - 3)->clear();
    }
    return {std::move(cells), !well};
}

} // namespace

void list_text(const ListReport& report, const TextOptions& options, Sink& sink) {
    const Colour colour(options.colour);
    const bool with_state =
        std::ranges::any_of(report.processes, [](const auto& row) { return !is_well(row.process.agent); });
    if (report.processes.empty()) {
        sink.write("no process with an agent was found\n");
    } else {
        Columns table(columns(with_state));
        for (const auto& row : report.processes) {
            table.add(row_of(row, with_state));
        }
        table.write(colour, sink);
    }
    for (const auto& problem : report.problems) {
        sink.write(colour.dim(clean(problem)) + "\n");
    }
}

} // namespace tasks::render
