// Equality of messages, field by field. In the messages' namespace, so that vectors of them compare too.
#pragma once

#include <tuple>

#include <tasks/protocol/messages.hpp>

namespace tasks::protocol {

inline auto parts(const Hello& m) { return std::tie(m.major, m.client); }
inline auto parts(const Welcome& m) {
    return std::tie(m.major, m.agent_version, m.pid, m.start_time_ticks, m.name, m.request_types);
}
inline auto parts(const ErrorAnswer& m) { return std::tie(m.code, m.sentence); }
inline auto parts(const VitalsRequest&) { return std::tuple<>{}; }
inline auto parts(const CountsRequest&) { return std::tuple<>{}; }
inline auto parts(const TasksRequest&) { return std::tuple<>{}; }
inline auto parts(const Queue& m) { return std::tie(m.name, m.depth); }
inline auto parts(const VitalsAnswer& m) {
    return std::tie(m.taken_at_ns, m.name, m.tasks, m.os_threads, m.usable_cpus, m.num_cpus, m.jobs_started,
                    m.jobs_ended, m.jobs_last_minute, m.jobs_dropped, m.rss_bytes, m.peak_rss_bytes, m.stack_bytes,
                    m.switches_voluntary, m.switches_involuntary, m.fds, m.uptime_ns, m.table_bytes, m.table_cap_bytes,
                    m.queues, m.queue_count, m.queues_left_out, m.coroutines, m.fibers);
}
inline auto parts(const CountsAnswer& m) {
    return std::tie(m.tasks, m.thread_tasks, m.jobs, m.os_threads, m.jobs_dropped, m.coroutines, m.fibers);
}
inline auto parts(const Site& m) { return std::tie(m.id, m.name, m.function, m.file, m.line); }
inline auto parts(const Task& m) {
    return std::tie(m.id, m.kind, m.state, m.wait_reason, m.tid, m.scopes, m.scope_count, m.scopes_left_out,
                    m.wait_site, m.wait_object, m.started_ns, m.since_ns, m.label_key, m.label_text, m.label_cut,
                    m.frame, m.awaited_by, m.started_by, m.creator_pc, m.created_in_pc);
}
inline auto parts(const StacksRequest& m) { return std::tie(m.stack_bytes, m.tids, m.without_last_ran); }
inline auto parts(const ThreadStack& m) {
    return std::tie(m.tid, m.name, m.capture, m.syscall, m.arguments, m.sp, m.pc, m.stack, m.stack_cut,
                    m.last_ran_ago_ns, m.taken_at_ns, m.wait_channel, m.registers, m.register_count);
}
inline auto parts(const Module& m) { return std::tie(m.start, m.end, m.file_offset, m.path, m.build_id); }
inline auto parts(const TasksAnswer& m) { return std::tie(m.taken_at_ns, m.sites, m.tasks, m.unreadable, m.dropped); }
inline auto parts(const StacksAnswer& m) {
    return std::tie(m.taken_at_ns, m.done_at_ns, m.modules, m.threads, m.agent_tid);
}

template <class Message>
    requires requires(const Message& message) { parts(message); }
bool operator==(const Message& a, const Message& b) {
    return parts(a) == parts(b);
}

} // namespace tasks::protocol
