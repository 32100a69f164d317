#include "render/json_parts.hpp"
#include "render/process_words.hpp"

namespace tasks::render {

namespace {

template <class Map> void write_counts(const Map& counts, JsonWriter& json) {
    json.begin_object();
    for (const auto& [what, count] : counts) {
        json.key(protocol::word(what)).number(count);
    }
    json.end_object();
}

void write_waits(const std::vector<inspect::WaitCount>& waits, JsonWriter& json) {
    json.key("by_wait").begin_object();
    for (const auto& wait : waits) {
        json.key(protocol::word(wait.reason)).number(wait.count);
    }
    json.end_object();
    json.key("oldest_ns_by_wait").begin_object();
    for (const auto& wait : waits) {
        json.key(protocol::word(wait.reason)).number(wait.oldest_ns);
    }
    json.end_object();
}

void write_tasks(const inspect::VitalsReport& report, JsonWriter& json) {
    json.begin_object();
    json.key("total").number(report.tasks);
    json.key("by_kind");
    write_counts(report.by_kind, json);
    json.key("by_state");
    write_counts(report.by_state, json);
    write_waits(report.by_wait, json);
    json.end_object();
}

void write_memory(const inspect::VitalFacts& figures, JsonWriter& json) {
    json.begin_object();
    json.key("rss_bytes").number(figures.rss_bytes);
    json.key("peak_rss_bytes").number(figures.peak_rss_bytes);
    json.key("stack_bytes").number(figures.stack_bytes);
    json.end_object();
}

void write_queues(const inspect::VitalFacts& figures, JsonWriter& json) {
    json.key("queues");
    if (!figures.queues) {
        json.null();
    } else {
        json.begin_array();
        for (const auto& [name, depth] : *figures.queues) {
            json.begin_object();
            json.key("name").string_unless_empty(name);
            json.key("depth").number(depth);
            json.end_object();
        }
        json.end_array();
    }
    json.key("queues_left_out").number(figures.queues ? std::optional(figures.queues_left_out) : std::nullopt);
}

} // namespace

void write_incomplete(const std::vector<inspect::Incomplete>& incomplete, JsonWriter& json) {
    json.begin_array();
    for (const auto& [tid, reason] : incomplete) {
        json.begin_object();
        json.key("tid").number_unless_0(tid);
        json.key("reason").string(reason);
        json.end_object();
    }
    json.end_array();
}

void write_identity(const inspect::ProcessFacts& process, JsonWriter& json) {
    json.key("pid").number(std::uint64_t{process.pid});
    json.key("start_time_ticks").number_unless_0(process.start_time_ticks);
    json.key("name").string_unless_empty(process.name);
    json.key("state").string(word(process.agent));
}

void write_heading(const inspect::ProcessFacts& process, std::uint64_t taken_at_realtime_ns, JsonWriter& json) {
    json.key("schema").number(std::uint64_t{1});
    write_identity(process, json);
    json.key("taken_at_ns").number_unless_0(taken_at_realtime_ns);
    json.key("from");
    if (process.from.kind == inspect::FileKind::none) {
        json.null();
    } else {
        json.begin_object();
        json.key("kind").string(word(process.from.kind));
        json.key("file").string_unless_empty(process.from.path);
        json.end_object();
    }
    if (process.asleep) {
        json.key("asleep").boolean(true);
    }
    json.key("signal");
    if (!process.signal) {
        json.null();
        return;
    }
    json.begin_object();
    json.key("number").number(std::uint64_t{process.signal->number});
    json.key("name").string(signal_name(process.signal->number));
    json.key("address");
    if (process.signal->address) {
        json.string(address_text(*process.signal->address)); // 0 is one too
    } else {
        json.null();
    }
    json.key("tid").number_unless_0(process.signal->tid);
    json.key("exception");
    if (!process.signal->terminated) {
        json.null();
    } else {
        json.begin_object();
        json.key("type").string_unless_empty(exception_name(*process.signal));
        json.key("what").string_unless_empty(process.signal->exception_text);
        json.end_object();
    }
    json.end_object();
}

void write_vitals(const inspect::VitalsReport& report, JsonWriter& json) {
    const auto& figures = report.figures;
    json.begin_object();
    write_heading(report.process, report.taken_at_realtime_ns, json);
    json.key("tasks");
    write_tasks(report, json);
    json.key("os_threads").number(figures.os_threads);
    json.key("usable_cpus").number(figures.usable_cpus);
    json.key("num_cpus").number(figures.num_cpus);
    write_queues(figures, json);
    json.key("started").number(figures.jobs_started);
    json.key("ended").number(figures.jobs_ended);
    json.key("last_minute").number(figures.jobs_last_minute);
    json.key("dropped").number(figures.jobs_dropped);
    json.key("memory");
    write_memory(figures, json);
    json.key("switches").begin_object();
    json.key("voluntary").number(figures.switches_voluntary);
    json.key("involuntary").number(figures.switches_involuntary);
    json.end_object();
    json.key("fds").number(figures.fds);
    json.key("uptime_ns").number(figures.uptime_ns);
    json.key("oldest_wait_ns").number(report.oldest_wait_ns);
    json.key("incomplete");
    write_incomplete(report.incomplete, json);
    json.end_object();
}

void vitals_json(const inspect::VitalsReport& report, Sink& sink) {
    JsonWriter json(sink);
    write_vitals(report, json);
    json.finish();
}

} // namespace tasks::render
