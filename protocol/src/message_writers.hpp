// The fields of each message, in the order of their numbers, for any buffer. What tasks.proto says, as code.
// Pure functions; they throw only what the buffer throws.
#pragma once

#include <algorithm>
#include <span>

#include <tasks/protocol/messages.hpp>

#include "field_writer.hpp"
#include "message_fields.hpp"

namespace tasks::protocol {

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const Hello& message) {
    using F = fields::Hello;
    out.number(F::major, message.major);
    out.text(F::client, message.client);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const Welcome& message) {
    using F = fields::Welcome;
    out.number(F::major, message.major);
    out.text(F::agent_version, message.agent_version);
    out.number(F::pid, message.pid);
    out.number(F::start_time_ticks, message.start_time_ticks);
    out.text(F::name, message.name);
    out.packed(F::request_types, message.request_types);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const ErrorAnswer& message) {
    using F = fields::ErrorAnswer;
    out.enumeration(F::code, message.code);
    out.text(F::sentence, message.sentence);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>&, const VitalsRequest&) {}
template <class Buffer> void write_fields(FieldWriter<Buffer>&, const CountsRequest&) {}
template <class Buffer> void write_fields(FieldWriter<Buffer>&, const TasksRequest&) {}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const Queue& queue) {
    using F = fields::Queue;
    out.text(F::name, queue.name);
    out.number(F::depth, queue.depth);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const VitalsAnswer& message) {
    using F = fields::VitalsAnswer;
    out.fixed(F::taken_at_ns, message.taken_at_ns);
    out.text(F::name, message.name);
    out.number(F::tasks, message.tasks);
    out.number(F::os_threads, message.os_threads);
    out.number(F::usable_cpus, message.usable_cpus);
    out.number(F::num_cpus, message.num_cpus);
    out.number(F::jobs_started, message.jobs_started);
    out.number(F::jobs_ended, message.jobs_ended);
    out.signed_number(F::jobs_last_minute, message.jobs_last_minute);
    out.number(F::jobs_dropped, message.jobs_dropped);
    out.number(F::rss_bytes, message.rss_bytes);
    out.number(F::peak_rss_bytes, message.peak_rss_bytes);
    out.number(F::stack_bytes, message.stack_bytes);
    out.number(F::switches_voluntary, message.switches_voluntary);
    out.number(F::switches_involuntary, message.switches_involuntary);
    out.number(F::fds, message.fds);
    out.number(F::uptime_ns, message.uptime_ns);
    out.number(F::table_bytes, message.table_bytes);
    out.number(F::table_cap_bytes, message.table_cap_bytes);
    for (const auto& queue : std::span{message.queues}.first(std::min<std::size_t>(message.queue_count, max_queues)))
        out.element(F::queues, queue);
    out.number(F::queues_left_out, message.queues_left_out);
    out.number(F::coroutines, message.coroutines);
    out.number(F::fibers, message.fibers);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const CountsAnswer& message) {
    using F = fields::CountsAnswer;
    out.number(F::tasks, message.tasks);
    out.number(F::thread_tasks, message.thread_tasks);
    out.number(F::jobs, message.jobs);
    out.number(F::os_threads, message.os_threads);
    out.number(F::jobs_dropped, message.jobs_dropped);
    out.number(F::coroutines, message.coroutines);
    out.number(F::fibers, message.fibers);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const Site& site) {
    using F = fields::Site;
    out.number(F::id, site.id);
    out.text(F::name, site.name);
    out.text(F::function, site.function);
    out.text(F::file, site.file);
    out.number(F::line, site.line);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const Task& task) {
    using F = fields::Task;
    out.number(F::id, task.id);
    out.enumeration(F::kind, task.kind);
    out.enumeration(F::state, task.state);
    out.enumeration(F::wait_reason, task.wait_reason);
    out.number(F::tid, task.tid);
    out.packed(F::scopes, std::span{task.scopes}.first(std::min<std::size_t>(task.scope_count, max_scopes)));
    out.number(F::scopes_left_out, task.scopes_left_out);
    out.number(F::wait_site, task.wait_site);
    out.fixed(F::wait_object, task.wait_object);
    out.fixed(F::started_ns, task.started_ns);
    out.fixed(F::since_ns, task.since_ns);
    out.number(F::label_key, task.label_key);
    out.bytes(F::label_text, task.label_text.substr(0, max_label_bytes));
    out.flag(F::label_cut, task.label_cut || task.label_text.size() > max_label_bytes);
    out.fixed(F::frame, task.frame);
    out.number(F::awaited_by, task.awaited_by);
    out.number(F::started_by, task.started_by);
    out.fixed(F::creator_pc, task.creator_pc);
    out.fixed(F::created_in_pc, task.created_in_pc);
}

/// What a TasksAnswer begins with, and what its last part ends with.
template <class Buffer> void write_tasks_taken_at(FieldWriter<Buffer>& out, std::uint64_t taken_at_ns) {
    out.fixed(fields::TasksAnswer::taken_at_ns, taken_at_ns);
}
template <class Buffer>
void write_tasks_end(FieldWriter<Buffer>& out, std::uint64_t unreadable, std::uint64_t dropped) {
    out.number(fields::TasksAnswer::unreadable, unreadable);
    out.number(fields::TasksAnswer::dropped, dropped);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const TasksAnswer& message) {
    write_tasks_taken_at(out, message.taken_at_ns);
    for (const auto& site : message.sites)
        out.element(fields::TasksAnswer::sites, site);
    for (const auto& task : message.tasks)
        out.element(fields::TasksAnswer::tasks, task);
    write_tasks_end(out, message.unreadable, message.dropped);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const StacksRequest& message) {
    using F = fields::StacksRequest;
    out.number(F::stack_bytes, std::optional{message.stack_bytes}); // 0 is a wish of its own: always written
    out.packed(F::tids, message.tids);
    out.flag(F::without_last_ran, message.without_last_ran);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const ThreadStack& thread) {
    using F = fields::ThreadStack;
    const bool in_syscall = thread.syscall >= 0;
    const bool cut = thread.stack.size() > max_stack_bytes;
    out.number(F::tid, thread.tid);
    out.text(F::name, thread.name);
    out.enumeration(F::capture, thread.capture);
    if (in_syscall) {
        out.number(F::syscall, std::optional{static_cast<std::uint32_t>(thread.syscall)});
        out.packed(F::arguments, thread.arguments);
    }
    out.fixed(F::sp, thread.sp);
    out.fixed(F::pc, thread.pc);
    out.bytes(F::stack, thread.stack.substr(0, max_stack_bytes));
    out.flag(F::stack_cut, thread.stack_cut || cut);
    out.number(F::last_ran_ago_ns, thread.last_ran_ago_ns);
    out.fixed(F::taken_at_ns, thread.taken_at_ns);
    out.text(F::wait_channel, thread.wait_channel);
    out.packed_fixed(F::registers,
                     std::span{thread.registers}.first(std::min<std::size_t>(thread.register_count, max_registers)));
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const Module& module) {
    using F = fields::Module;
    out.fixed(F::start, module.start);
    out.fixed(F::end, module.end);
    out.number(F::file_offset, module.file_offset);
    out.text(F::path, module.path);
    out.bytes(F::build_id, module.build_id.substr(0, max_string_bytes));
}

/// What a StacksAnswer begins with, and what its last part ends with.
template <class Buffer>
void write_stacks_taken_at(FieldWriter<Buffer>& out, std::uint64_t taken_at_ns, std::uint32_t agent_tid) {
    out.fixed(fields::StacksAnswer::taken_at_ns, taken_at_ns);
    out.number(fields::StacksAnswer::agent_tid, agent_tid);
}
template <class Buffer> void write_stacks_end(FieldWriter<Buffer>& out, std::uint64_t done_at_ns) {
    out.fixed(fields::StacksAnswer::done_at_ns, done_at_ns);
}

template <class Buffer> void write_fields(FieldWriter<Buffer>& out, const StacksAnswer& message) {
    write_stacks_taken_at(out, message.taken_at_ns, message.agent_tid);
    for (const auto& module : message.modules)
        out.element(fields::StacksAnswer::modules, module);
    for (const auto& thread : message.threads)
        out.element(fields::StacksAnswer::threads, thread);
    write_stacks_end(out, message.done_at_ns);
}

} // namespace tasks::protocol
