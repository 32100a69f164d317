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
    write_heading(report.process, report.taken_at_realtime_ns, json);
    json.key("tasks").number(report.tasks);
    json.key("incomplete");
    write_incomplete(report.incomplete, json);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
