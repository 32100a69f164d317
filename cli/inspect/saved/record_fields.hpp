// Which field of a record holds what, once for writing and once for reading: protocol/snapshot.proto as code. An
// Archive is a RecordWriter or a RecordReader; each call below writes the value, or takes it where the present field
// has that number. Fields that hold a process's memory (`raw`) are written only where that was asked for.
#pragma once

#include "capture/snapshot.hpp"
#include "saved/snapshot_format.hpp"

namespace tasks::inspect::saved {

/// What the last record says was there.
struct EndFacts {
    std::uint64_t tasks = 0;
    std::uint64_t threads = 0;
};

struct HeaderFacts {
    std::uint32_t version = 0;
    std::string writer;
};

template <class Archive> void fields(Archive& a, SourceFile& of) {
    a.enumeration(1, of.kind, FileKind::core);
    a.text(2, of.path);
}

template <class Archive> void fields(Archive& a, EndSignal& of) {
    a.number(1, of.number);
    a.number(2, of.address);
    a.number(3, of.tid);
    a.flag(4, of.terminated);
    a.text(5, of.exception_type);
    a.text(6, of.exception_text);
}

template <class Archive> void fields(Archive& a, ProcessFacts& of) {
    a.number(1, of.pid);
    a.number(2, of.ppid);
    a.number(3, of.start_time_ticks);
    a.number(4, of.uid);
    a.text(5, of.user);
    a.text(6, of.name);
    a.text(7, of.exe);
    a.enumeration(8, of.agent, AgentState::core);
    a.message(9, of.from);
    a.message(10, of.signal);
    a.flag(11, of.asleep);
}

template <class Archive> void fields(Archive& a, QueueFacts& of) {
    a.text(1, of.name);
    a.number(2, of.depth);
}

template <class Archive> void fields(Archive& a, VitalFacts& of) {
    a.number(1, of.tasks);
    a.number(2, of.os_threads);
    a.number(3, of.usable_cpus);
    a.number(4, of.num_cpus);
    a.number(5, of.jobs_started);
    a.number(6, of.jobs_ended);
    a.signed_number(7, of.jobs_last_minute);
    a.number(8, of.jobs_dropped);
    a.number(9, of.rss_bytes);
    a.number(10, of.peak_rss_bytes);
    a.number(11, of.stack_bytes);
    a.number(12, of.switches_voluntary);
    a.number(13, of.switches_involuntary);
    a.number(14, of.fds);
    a.number(15, of.uptime_ns);
    a.known_list(16, 17, of.queues, protocol::max_queues);
    a.number(18, of.queues_left_out);
    a.number(19, of.coroutines);
    a.number(20, of.fibers);
}

/// The header holds what the snapshot has once.
struct HeaderRecord {
    HeaderFacts facts;
    Snapshot& snapshot;
};

template <class Archive> void fields(Archive& a, HeaderRecord& of) {
    auto& snapshot = of.snapshot;
    a.number(1, of.facts.version);
    a.text(2, of.facts.writer);
    a.message(3, snapshot.process);
    a.fixed(4, snapshot.taken_at_ns);
    a.fixed(5, snapshot.taken_at_realtime_ns);
    a.number(6, snapshot.skew_ns);
    a.message(7, snapshot.vitals);
    a.number(8, snapshot.agent_tid);
    a.numbers(9, snapshot.late_tids, protocol::max_elements);
    a.number(10, snapshot.caught_signals);
    a.flag(11, snapshot.threads_known);
    a.number(12, snapshot.held_ns);
}

template <class Archive> void fields(Archive& a, ModuleFacts& of) {
    a.fixed(1, of.start);
    a.fixed(2, of.end);
    a.number(3, of.file_offset);
    a.text(4, of.path);
    a.text(5, of.build_id);
}

template <class Archive> void fields(Archive& a, SiteFacts& of) {
    a.text(1, of.name);
    a.text(2, of.function);
    a.text(3, of.file);
    a.number(4, of.line);
}

template <class Archive> void fields(Archive& a, ScopeList& of) {
    a.numbers(1, of.sites, protocol::max_scopes);
    a.number(2, of.left_out);
}

template <class Archive> void fields(Archive& a, LabelFacts& of) {
    a.text(1, of.key);
    a.text(2, of.text);
    a.flag(3, of.cut);
}

template <class Archive> void fields(Archive& a, Frame& of) {
    a.text(1, of.function);
    a.text(2, of.file);
    a.number(3, of.line);
    a.number(4, of.column);
    a.flag(5, of.inlined);
    a.text(6, of.module);
    a.fixed(7, of.module_offset);
}

template <class Archive> void fields(Archive& a, SavedNames::Place& of) {
    a.fixed(1, of.pc);
    a.flag(2, of.exact);
    a.list(3, of.frames, protocol::max_elements);
}

template <class Archive> void fields(Archive& a, Trace& of) {
    a.fixed_numbers(1, of.pcs, protocol::max_elements);
    a.flags(2, of.exact, protocol::max_elements);
    a.flag(3, of.whole);
    a.text(4, of.end_reason);
}

template <class Archive> void fields(Archive& a, WaitFacts& of) {
    a.index(1, of.fd);
    a.text(2, of.fd_target);
    a.number(3, of.fds);
    a.number(4, of.timeout_ns);
    a.flag(5, of.timeout_is_left);
    a.fixed(6, of.futex);
    a.fixed(7, of.futex_bytes_at);
    a.text(8, of.futex_bytes);
    a.flag(9, of.steady);
}

template <class Archive> void fields(Archive& a, BirthFacts& of) {
    a.number(1, of.tid);
    a.number(2, of.creator_tid);
    a.fixed(3, of.born_ns);
    a.fixed_numbers(4, of.pcs, protocol::max_elements);
}

template <class Archive> void fields(Archive& a, ThreadFacts& of) {
    a.number(1, of.tid);
    a.text(2, of.name);
    a.enumeration(3, of.capture, protocol::Capture::unreadable);
    a.index(4, of.syscall);
    a.array(5, of.arguments);
    a.fixed(6, of.sp);
    a.fixed(7, of.pc);
    a.number(8, of.saved_stack);
    a.flag(9, of.stack_cut);
    a.number(10, of.last_ran_ago_ns);
    a.fixed(11, of.taken_at_ns);
    a.text(12, of.wait_channel);
    a.enumeration(13, of.wait_reason, protocol::last_wait_reason);
    a.message(14, of.wait);
    a.enumeration(15, of.running_by, RunningBy::ptrace);
    a.raw(16, of.stack, protocol::max_stack_bytes);
    a.raw_numbers(17, of.registers, protocol::max_registers);
    a.known_flag(18, of.ran);
    a.message(19, of.birth);
    a.flag(20, of.uninterruptible);
}

template <class Archive> void fields(Archive& a, FiberStack& of) {
    a.fixed(1, of.frame);
    a.fixed(2, of.stack.sp);
    a.fixed(3, of.stack.pc);
    a.number(4, of.stack.saved_stack);
    a.flag(5, of.stack.stack_cut);
    a.raw(6, of.stack.stack, protocol::max_stack_bytes);
}

template <class Archive> void fields(Archive& a, TaskFacts& of) {
    a.fixed(1, of.since_ns);
    a.number(2, of.scopes);
    a.enumeration(3, of.kind, protocol::Kind::job);
    a.enumeration(4, of.state, protocol::State::done);
    a.enumeration(5, of.wait_reason, protocol::last_wait_reason);
    a.fixed(6, of.wait_object);
    a.number(7, of.wait_site);
    a.number(8, of.tid);
    a.number(9, of.label);
    a.fixed(10, of.id);
    a.number(11, of.frame);
}

template <class Archive> void fields(Archive& a, TaskFrameFacts& of) {
    a.fixed(1, of.frame);
    a.fixed(2, of.awaited_by);
    a.fixed(3, of.started_by);
    a.fixed(4, of.creator_pc);
    a.fixed(5, of.created_in_pc);
}

template <class Archive> void fields(Archive& a, SuspendPoint& of) {
    a.number(1, of.number);
    std::optional kind{of.kind}; // absent: await
    a.enumeration(2, kind, PointKind::final);
    of.kind = kind.value_or(of.kind);
    a.enumeration(3, of.provenance, Provenance::exact);
    a.number(4, of.line);
    a.text(5, of.file);
    a.text(6, of.awaiter);
    a.flag(7, of.awaiter_inferred);
}

template <class Archive> void fields(Archive& a, CoroutineFunction& of) {
    a.text(1, of.function);
    a.text(2, of.module);
    a.text(3, of.file);
    a.number(4, of.line);
    a.fixed(5, of.resume);
    a.number(6, of.resume_size);
    a.list(7, of.points, max_suspend_points);
}

template <class Archive> void fields(Archive& a, FrameValue& of) {
    a.text(1, of.name);
    a.text(2, of.value);
    a.flag(3, of.local);
}

template <class Archive> void fields(Archive& a, CoroutineFrame& of) {
    a.fixed(1, of.address);
    a.fixed(2, of.awaited_by);
    a.number(3, of.size);
    a.number(4, of.function);
    a.index(5, of.point);
    a.number(6, of.tid);
    a.enumeration(7, of.state, protocol::State::done);
    a.flag(8, of.inferred);
    a.list(9, of.values, max_frame_values);
    a.fixed(10, of.held_by);
    a.flag(11, of.elided);
}

/// Functions and frames are records of their own.
template <class Archive> void fields(Archive& a, CoroutineList& of) {
    a.number(1, of.scanned_bytes);
    a.number(2, of.unscanned_bytes);
    a.number(3, of.dropped);
    a.number(4, of.skew_ns);
    a.flag(5, of.values_read);
}

template <class Archive> void fields(Archive& a, Incomplete& of) {
    a.number(1, of.tid);
    a.text(2, of.reason);
}

template <class Archive> void fields(Archive& a, EndFacts& of) {
    a.number(1, of.tasks);
    a.number(2, of.threads);
}

} // namespace tasks::inspect::saved
