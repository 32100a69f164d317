#include "analysis/group_values.hpp"
#include "render/json_parts.hpp"
#include "render/process_words.hpp"

namespace tasks::render {

namespace {

using inspect::CreatedBy;
using inspect::Group;
using inspect::GroupShape;
using inspect::StackReport;
using inspect::TaskView;

std::optional<std::uint64_t> known_age(std::uint64_t age) {
    return age == TaskView::unknown_age ? std::nullopt : std::optional(age);
}

std::optional<std::uint64_t> lived(std::uint64_t born_ns, const inspect::Snapshot& snapshot) {
    if (born_ns == 0) {
        return std::nullopt;
    }
    return snapshot.taken_at_ns > born_ns ? snapshot.taken_at_ns - born_ns : 0; // born while it was taken
}

void write_place(const std::optional<CreatedBy>& place, JsonWriter& json) {
    if (!place) {
        json.null();
        return;
    }
    json.begin_object();
    json.key("function").string_unless_empty(place->function);
    json.key("file").string_unless_empty(place->file);
    json.key("line").number_unless_0(place->line);
    json.end_object();
}

void write_label(const inspect::LabelFacts* label, JsonWriter& json) {
    if (label == nullptr) {
        json.null();
        return;
    }
    json.begin_object();
    json.key("key").string_unless_empty(label->key);
    json.key("text").string(label->text);
    json.key("cut").boolean(label->cut);
    json.end_object();
}

void write_values(const inspect::StackOptions& asked, const std::vector<inspect::FrameValue>& values,
                  JsonWriter& json) {
    json.begin_array();
    for (const auto& value : values) {
        if (inspect::is_asked(asked, value)) {
            json.begin_object();
            json.key("name").string(value.name);
            json.key("value").string(value.value);
            json.key("local").boolean(value.local);
            json.end_object();
        }
    }
    json.end_array();
}

// One for each of the group's frames.
void write_coroutines(const StackReport& report, const TaskView& task, JsonWriter& json) {
    const auto& chains = report.list.chains();
    if (task.chain == inspect::CoroutineChains::none) {
        json.null();
        return;
    }
    json.begin_array();
    const auto& list = report.list.snapshot().coroutines;
    const bool values = list && list->values_read && (report.asked.arguments || report.asked.locals);
    for (const auto coroutine : chains.chain(task.chain, report.asked.raw_frames)) {
        const auto* frame = chains.frame(coroutine);
        json.begin_object();
        json.key("frame").address(frame == nullptr ? 0 : frame->address);
        json.key("arguments");
        if (values && frame != nullptr) {
            write_values(report.asked, frame->values, json);
        } else {
            json.null();
        }
        json.end_object();
    }
    json.end_array();
}

void write_task(const StackReport& report, std::uint32_t slot, const GroupShape& shape, JsonWriter& json) {
    const auto& list = report.list;
    const auto task = list.at(slot);
    json.begin_object();
    json.key("id").address(task.id);
    json.key("tid").number_unless_0(task.tid);
    json.key("name").string_unless_empty(list.name(slot, shape.frames));
    json.key("age_ns").number(known_age(task.age));
    json.key("wait_object").address(task.wait_object);
    json.key("waits_on");
    write_waits_on(report.waits, task, json);
    json.key("label");
    write_label(label_at(list.snapshot(), task.label), json);
    const auto born_ns = task.thread == nullptr ? 0 : task.thread->birth.born_ns;
    json.key("lived_ns").number(lived(born_ns, list.snapshot()));
    json.key("created_by_tid").number_unless_0(born_ns == 0 ? 0 : task.thread->birth.creator_tid);
    const auto by = task.thread == nullptr ? inspect::RunningBy::none : task.thread->running_by;
    json.key("running_by").string_unless_empty(word(by));
    json.key("coroutines");
    write_coroutines(report, task, json);
    json.end_object();
}

} // namespace

void write_shape(const GroupShape& shape, JsonWriter& json) {
    json.key("kind").string(protocol::word(shape.kind));
    json.key("state").string(protocol::word(shape.state));
    json.key("wait_reason");
    if (shape.wait_reason == protocol::WaitReason::none) {
        json.null();
    } else {
        json.string(protocol::word(shape.wait_reason));
    }
    json.key("wait_name").string_unless_empty(shape.wait_name);
    json.key("wait_inferred").boolean(shape.wait_is_inferred);
}

void write_stack(const GroupShape& shape, JsonWriter& json) {
    json.key("frames");
    write_frames(shape.frames, json);
    json.key("no_stack").string_unless_empty(shape.no_stack);
    json.key("cut").string_unless_empty(shape.cut);
    json.key("waits_at");
    write_place(shape.waits_at, json);
    json.key("created_by");
    write_place(shape.created_by, json);
}

namespace {

void write_group(const StackReport& report, const Group& group, JsonWriter& json) {
    const auto& shape = report.shape(group);
    json.begin_object();
    json.key("count").number(std::uint64_t{group.count});
    write_shape(shape, json);
    json.key("name").string_unless_empty(report.name(group));
    json.key("age_min_ns").number(known_age(group.age_min));
    json.key("age_max_ns").number(known_age(group.age_max));
    json.key("age_is_last_ran").boolean(shape.age_is_last_ran);
    write_stack(shape, json);
    json.key("tasks").begin_array();
    for (const auto slot : report.oldest_first(group)) {
        write_task(report, slot, shape, json);
    }
    json.end_array();
    json.end_object();
}

// Null: coroutines were not looked for.
void write_scan(const StackReport& report, JsonWriter& json) {
    if (report.list.slots() == 0 || !report.list.snapshot().coroutines) {
        json.null();
        return;
    }
    const auto& list = *report.list.snapshot().coroutines;
    json.begin_object();
    json.key("scanned_bytes").number(list.scanned_bytes);
    json.key("unscanned_bytes").number(list.unscanned_bytes);
    json.key("dropped").number(list.dropped);
    json.key("skew_ns").number(list.skew_ns);
    json.end_object();
}

} // namespace

void write_stacks(const StackReport& report, JsonWriter& json) {
    json.begin_object();
    write_heading(report.process, report.taken_at_realtime_ns, json);
    json.key("skew_ns");
    const bool threads = report.list.slots() > 0 && !report.list.snapshot().threads.empty();
    json.number(threads ? std::optional(report.skew_ns) : std::nullopt);
    json.key("held_ns").number(report.held_ns);
    json.key("tasks").number(report.tasks);
    json.key("deadlocks");
    write_findings(report.waits, json);
    json.key("groups").begin_array();
    for (const auto& group : report.groups) {
        write_group(report, group, json);
    }
    json.end_array();
    json.key("filtered_out").number(report.filtered_out);
    json.key("groups_left_out").number(report.groups_left_out);
    json.key("tasks_left_out").number(report.tasks_left_out);
    json.key("dropped").number(report.dropped);
    json.key("coroutine_scan");
    write_scan(report, json);
    json.key("incomplete");
    write_incomplete(report.incomplete, json);
    json.end_object();
}

void stack_json(const StackReport& report, Sink& sink) {
    JsonWriter json(sink);
    write_stacks(report, json);
    json.finish();
}

} // namespace tasks::render
