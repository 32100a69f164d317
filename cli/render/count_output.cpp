// `tasks count`: the one number, for scripts.
#include "render/figures.hpp"
#include "render/json_parts.hpp"

namespace tasks::render {

void count_text(const inspect::VitalsReport& report, Sink& sink) {
    sink.write((report.tasks ? std::to_string(*report.tasks) : unknown) + "\n"); // no separators: scripts compare it
}

void count_json(const inspect::VitalsReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    json.key("schema").number(std::uint64_t{1});
    write_identity(report.process, json);
    json.key("taken_at_ns").number_unless_0(report.taken_at_realtime_ns);
    write_source(report.process, json);
    json.key("tasks").number(report.tasks);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
