// What threads wait on, and what follows from it, as JSON.
#include "render/json_parts.hpp"

namespace tasks::render {

using inspect::FindingKind;
using inspect::LockFacts;
using inspect::LockKind;

namespace {

std::string_view word(inspect::Provenance provenance) {
    switch (provenance) {
    case inspect::Provenance::exact:
        return "exact";
    case inspect::Provenance::about:
        return "about";
    case inspect::Provenance::none:
        break;
    }
    return "none";
}

// Of a suspended coroutine; null of what a thread runs.
void write_suspended(const std::optional<inspect::SuspendedAt>& at, JsonWriter& json) {
    json.key("provenance").string_unless_empty(at ? word(at->provenance) : "");
    json.key("suspend_point").number(at ? at->number : std::nullopt);
    json.key("inferred");
    if (at) {
        json.boolean(at->inferred);
    } else {
        json.null();
    }
}

void write_frame(const inspect::Frame& frame, JsonWriter& json) {
    json.begin_object();
    json.key("function").string_unless_empty(frame.function);
    json.key("file").string_unless_empty(frame.file);
    json.key("line").number_unless_0(frame.line);
    json.key("column").number_unless_0(frame.column);
    json.key("inlined").boolean(frame.inlined);
    json.key("module").string_unless_empty(frame.module);
    json.key("address").address(frame.address);
    write_suspended(frame.suspended, json);
    json.end_object();
}

std::string_view word(FindingKind kind) {
    switch (kind) {
    case FindingKind::cycle:
        return "cycle";
    case FindingKind::orphan_lock:
        return "orphan lock";
    case FindingKind::all_asleep:
        break;
    }
    return "all asleep";
}

void write_lock(const LockFacts& lock, JsonWriter& json) {
    json.begin_object();
    json.key("kind").string(lock.kind == LockKind::mutex ? "mutex" : "rwlock");
    json.key("address").address(lock.address);
    json.key("owner_tid").number_unless_0(lock.owner_tid);
    json.end_object();
}

void write_edge(const inspect::WaitEdge& edge, JsonWriter& json) {
    json.begin_object();
    json.key("tid").number(std::uint64_t{edge.waiter_tid});
    json.key("waits_for_tid").number(std::uint64_t{edge.holder_tid});
    json.key("lock");
    if (edge.lock) {
        write_lock(*edge.lock, json);
    } else {
        json.null(); // a join
    }
    json.key("holder_gone").boolean(edge.holder_gone);
    json.end_object();
}

void write_place(const inspect::WaitPlace& place, JsonWriter& json) {
    json.begin_object();
    json.key("tid").number(std::uint64_t{place.tid});
    json.key("name").string_unless_empty(place.name);
    json.key("wait_reason");
    if (place.wait_reason == protocol::WaitReason::none) {
        json.null();
    } else {
        json.string(protocol::word(place.wait_reason));
    }
    json.key("frames");
    write_frames(place.frames, json);
    json.end_object();
}

} // namespace

void write_frames(const std::vector<inspect::Frame>& frames, JsonWriter& json) {
    json.begin_array();
    for (const auto& frame : frames) {
        write_frame(frame, json);
    }
    json.end_array();
}

void write_findings(const inspect::WaitGraph& waits, JsonWriter& json) {
    json.begin_array();
    for (const auto& finding : waits.findings) {
        json.begin_object();
        json.key("kind").string(word(finding.kind));
        json.key("waits").begin_array();
        for (const auto& edge : finding.edges) {
            write_edge(edge, json);
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
}

void write_waits_on(const inspect::WaitGraph& waits, const inspect::TaskView& task, JsonWriter& json) {
    const auto* lock = task.tid == 0 ? nullptr : waits.lock(task.tid);
    const auto* edge = task.tid == 0 ? nullptr : waits.edge(task.tid);
    const auto* wait = task.thread != nullptr && task.from_thread ? &task.thread->wait : nullptr;
    const bool fds = wait != nullptr && (wait->fd >= 0 || wait->fds || wait->timeout_ns);
    const bool uninterruptible = wait != nullptr && task.thread->uninterruptible;
    if (lock == nullptr && edge == nullptr && !fds && !uninterruptible) {
        json.null();
        return;
    }
    json.begin_object();
    json.key("lock");
    if (lock != nullptr) {
        write_lock(lock->lock, json);
    } else {
        json.null();
    }
    json.key("for_tid").number_unless_0(edge == nullptr ? 0 : edge->holder_tid);
    const bool fd = wait != nullptr && wait->fd >= 0;
    json.key("fd").number(fd ? std::optional(static_cast<std::uint32_t>(wait->fd)) : std::nullopt);
    json.key("fd_target").string_unless_empty(wait == nullptr ? "" : wait->fd_target);
    json.key("fds").number(wait == nullptr ? std::nullopt : wait->fds);
    const bool left = wait != nullptr && wait->timeout_is_left;
    json.key("timeout_ns").number(wait == nullptr || left ? std::nullopt : wait->timeout_ns);
    json.key("timeout_left_ns").number(left ? wait->timeout_ns : std::nullopt);
    json.key("uninterruptible").boolean(uninterruptible);
    json.key("kernel_function").string_unless_empty(uninterruptible ? task.thread->wait_channel : "");
    json.end_object();
}

void deadlocks_json(const inspect::DeadlockReport& report, Sink& sink) {
    JsonWriter json(sink);
    json.begin_object();
    write_heading(report.process, report.taken_at_realtime_ns, json);
    json.key("threads").number(report.threads);
    json.key("deadlocks");
    write_findings(report.waits, json);
    json.key("places").begin_array();
    for (const auto& place : report.waits.places) {
        write_place(place, json);
    }
    json.end_array();
    json.key("incomplete");
    write_incomplete(report.incomplete, json);
    json.end_object();
    json.finish();
}

} // namespace tasks::render
