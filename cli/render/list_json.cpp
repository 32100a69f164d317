#include "render/json_parts.hpp"

namespace tasks::render {

namespace {

void write_row(const inspect::ProcessRow& row, JsonWriter& json) {
    const auto& process = row.process;
    json.begin_object();
    write_identity(process, json);
    json.key("ppid").number_unless_0(process.ppid);
    json.key("exe").string_unless_empty(process.exe);
    json.key("user").string_unless_empty(process.user);
    json.key("agent").boolean(process.agent != inspect::AgentState::dead); // a dead one's went with it
    json.key("tasks").number(row.tasks);
    json.key("threads").number(row.threads);
    json.key("uptime_ns").number(row.uptime_ns);
    json.key("trend_per_min").decimal(row.trend_per_min);
    json.end_object();
}

} // namespace

void list_json(const ListReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    json.key("processes").begin_array();
    for (const auto& row : report.processes) {
        write_row(row, json);
    }
    json.end_array();
    json.key("problems").begin_array();
    for (const auto& problem : report.problems) {
        json.string(problem);
    }
    json.end_array();
    json.end_object();
    json.finish();
}

} // namespace tasks::render
