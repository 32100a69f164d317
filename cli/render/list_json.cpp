#include "render/json_parts.hpp"
#include "render/leak_words.hpp"

namespace tasks::render {

void write_process_row(const inspect::ProcessRow& row, JsonWriter& json) {
    const auto& process = row.process;
    write_identity(process, json);
    json.key("ppid").number_unless_0(process.ppid);
    json.key("exe").string_unless_empty(process.exe);
    json.key("user").string_unless_empty(process.user);
    const bool carries = process.agent != inspect::AgentState::dead && process.agent != inspect::AgentState::none;
    json.key("agent").boolean(carries); // a dead one's went with it
    json.key("tasks").number(row.tasks);
    json.key("threads").number(row.threads);
    json.key("uptime_ns").number(row.uptime_ns);
    json.key("trend_per_min").decimal(row.trend_per_min);
    json.key("verdict").string_unless_empty(row.verdict ? word(*row.verdict) : std::string_view{});
}

void write_problems(const std::vector<std::string>& problems, JsonWriter& json) {
    json.key("problems").begin_array();
    for (const auto& problem : problems) {
        json.string(problem);
    }
    json.end_array();
}

void list_json(const ListReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    json.key("processes").begin_array();
    for (const auto& row : report.processes) {
        json.begin_object();
        write_process_row(row, json);
        json.end_object();
    }
    json.end_array();
    write_problems(report.problems, json);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
