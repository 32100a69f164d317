#include "render/json_parts.hpp"
#include "render/leak_words.hpp"

namespace tasks::render {

using inspect::LeakFinding;
using inspect::LeakReport;

namespace {

void write_growth(const LeakFinding& finding, JsonWriter& json) {
    json.key("growth");
    if (!finding.growth) {
        json.null();
        return;
    }
    const auto& growth = *finding.growth;
    json.begin_object();
    json.key("more").number(growth.more);
    json.key("over_ns").number(growth.over_ns);
    json.key("per_min").decimal(growth.per_min());
    json.key("looks").number_unless_0(growth.looks); // null: told by the table's history
    json.end_object();
}

void write_stuck(const LeakFinding& finding, JsonWriter& json) {
    json.key("usual_ns").number(finding.stuck ? std::optional{finding.stuck->usual_ns} : std::nullopt);
    json.key("older_than_ns").number(finding.stuck ? std::optional{finding.stuck->older_than_ns} : std::nullopt);
    json.key("ran_ns").number(finding.spin ? std::optional{finding.spin->ran_ns} : std::nullopt);
}

void write_groups(const LeakReport& report, const LeakFinding& finding, JsonWriter& json) {
    json.key("groups").begin_array();
    for (const auto index : finding.groups) {
        const auto& group = report.stacks.groups[index];
        const auto& shape = report.stacks.shape(group);
        const auto age = [](std::uint64_t ns) {
            return ns == inspect::TaskView::unknown_age ? std::nullopt : std::optional{ns};
        };
        json.begin_object();
        json.key("count").number(std::uint64_t{group.count});
        write_shape(shape, json);
        json.key("name").string_unless_empty(report.stacks.name(group));
        json.key("age_min_ns").number(age(group.age_min));
        json.key("age_max_ns").number(age(group.age_max));
        json.key("age_is_last_ran").boolean(shape.age_is_last_ran);
        write_stack(shape, json);
        json.end_object();
    }
    json.end_array();
}

void write_finding(const LeakReport& report, const LeakFinding& finding, JsonWriter& json) {
    json.begin_object();
    json.key("verdict").string(word(finding.verdict));
    json.key("count").number(finding.count);
    json.key("why").string(why(report, finding));
    json.key("births").number(finding.site ? std::optional{finding.site->births} : std::nullopt);
    json.key("deaths").number(finding.site ? std::optional{finding.site->deaths} : std::nullopt);
    write_growth(finding, json);
    write_stuck(finding, json);
    json.key("deadlock").number(finding.deadlock); // index into deadlocks
    json.key("held_bytes").number(finding.held_bytes);
    json.key("time_to_limit_ns").number(time_to_limit_ns(report, finding));
    write_groups(report, finding, json);
    json.end_object();
}

} // namespace

void leaks_json(const LeakReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    write_heading(report.stacks.process, report.stacks.taken_at_realtime_ns, json);
    json.key("tasks").number(report.stacks.tasks);
    json.key("looks").number(std::uint64_t{report.looks});
    json.key("over_ns").number(report.over_ns);
    json.key("past_ns").number(report.past_ns);
    const auto& limit = report.memory_limit;
    json.key("memory_limit_bytes").number(limit ? std::optional{limit->limit_bytes} : std::nullopt);
    json.key("leaks").begin_array();
    for (const auto& finding : report.findings) {
        write_finding(report, finding, json);
    }
    json.end_array();
    json.key("deadlocks");
    write_findings(report.stacks.waits, json);
    json.key("not_judged").begin_array();
    for (const auto& sentence : report.not_judged) {
        json.string(sentence);
    }
    json.end_array();
    json.key("incomplete");
    write_incomplete(report.incomplete, json);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
