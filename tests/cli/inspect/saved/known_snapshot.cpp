#include "inspect/saved/known_snapshot.hpp"

namespace tasks::inspect {
namespace {

void add_process(Snapshot& snapshot) {
    snapshot.process = {.pid = 12336,
                        .ppid = 1,
                        .start_time_ticks = 884213,
                        .uid = 1000,
                        .user = "pay",
                        .name = "payments",
                        .exe = "/srv/payments/bin/payments",
                        .agent = AgentState::core,
                        .from = {FileKind::core, "core.12336"},
                        .signal = EndSignal{6, 0, 12337, true, "St13runtime_error", "no route"},
                        .asleep = true};
    snapshot.taken_at_ns = 96'834'123'456'789;
    snapshot.taken_at_realtime_ns = 1'795'277'475'123'456'789;
    snapshot.skew_ns = 12'000;
    snapshot.agent_tid = 12399;
    snapshot.late_tids = {12400, 12401};
    snapshot.caught_signals = 0x4000;
    snapshot.threads_known = true;
    snapshot.held_ns = 3'000'000;
    auto& vitals = snapshot.vitals;
    vitals = {.tasks = 2,
              .os_threads = 2,
              .usable_cpus = 2,
              .num_cpus = 8,
              .jobs_started = 5,
              .jobs_ended = 3,
              .jobs_last_minute = -1,
              .jobs_dropped = 4,
              .coroutines = 1,
              .fibers = 2,
              .rss_bytes = 24 << 20,
              .peak_rss_bytes = 31 << 20,
              .stack_bytes = 132 << 10,
              .switches_voluntary = 40,
              .switches_involuntary = 0,
              .fds = 7,
              .uptime_ns = 3'600'000'000'000,
              .queues = std::vector<QueueFacts>{{"mail", 3}},
              .queues_left_out = 1};
}

void add_places(Snapshot& snapshot) {
    snapshot.modules = {{0x55d0c0a12000, 0x55d0c0a42000, 0x12000, "/srv/payments/bin/payments", "\x9f\xa3\xc1"}};
    snapshot.sites = {{}, {"charge card", "submit", "/src/payments.cpp", 29}, {"results", "send", "channel.hpp", 31}};
    snapshot.scope_lists = {{}, {{1}, 1}};
    snapshot.labels = {{}, {"request", "8431", true}};
    Frame inner;
    inner.function = "send";
    inner.file = "/src/channel.hpp";
    inner.line = 31;
    inner.column = 9;
    inner.inlined = true;
    inner.module = "/srv/payments/bin/payments";
    inner.address = 0x55d0c0a13010;
    inner.module_offset = 0x13010;
    auto outer = inner;
    outer.function = "submit(Backend&)";
    outer.inlined = false;
    SavedNames names;
    names.places = {{inner.address, true, {inner, outer}}};
    names.stacks = {{}, {{inner.address}, {true}, false, "the stack's memory ends here"}, {{1}, {false}, true, ""}};
    snapshot.names = std::move(names);
}

void add_threads(Snapshot& snapshot) {
    ThreadFacts blocked;
    blocked.tid = 12336;
    blocked.name = "payments";
    blocked.capture = protocol::Capture::captured;
    blocked.syscall = 0;
    blocked.arguments = {3, 0x7f00, 16, 0, 0, 0};
    blocked.sp = 0x7ffc0000;
    blocked.pc = 0x55d0c0a13010;
    blocked.saved_stack = 1;
    blocked.stack_cut = true;
    blocked.last_ran_ago_ns = 2'000'000'000;
    blocked.taken_at_ns = 96'834'123'450'000;
    blocked.wait_channel = "pipe_read";
    blocked.uninterruptible = true;
    blocked.wait_reason = protocol::WaitReason::io_read;
    blocked.wait = {.fd = 3,
                    .fd_target = "pipe",
                    .fds = 1,
                    .timeout_ns = 5,
                    .timeout_is_left = true,
                    .futex = 0x100,
                    .futex_bytes_at = 0xf0,
                    .futex_bytes = std::string("lock\0bytes", 10),
                    .steady = true};
    ThreadFacts running;
    running.tid = 12337;
    running.capture = protocol::Capture::running;
    running.saved_stack = 2;
    running.ran = true;
    running.birth = {.tid = 12337, .creator_tid = 12336, .born_ns = 96'833'000'000'001, .pcs = {2}};
    running.running_by = RunningBy::ptrace;
    running.stack = "secret";
    running.registers = {1, 2, 3};
    snapshot.threads = {blocked, running};
}

void add_coroutines(Snapshot& snapshot) {
    SuspendPoint initial;
    initial.kind = PointKind::initial;
    const SuspendPoint read{.number = 1,
                            .kind = PointKind::await,
                            .provenance = Provenance::exact,
                            .line = 88,
                            .file = "/src/session.cpp",
                            .awaiter = "Read",
                            .awaiter_inferred = true};
    auto& list = snapshot.coroutines.emplace();
    list.functions = {{.function = "session(int)",
                       .module = "/srv/payments/bin/payments",
                       .file = "/src/session.cpp",
                       .line = 80,
                       .resume = 0x55d0c0a14000,
                       .resume_size = 0x200,
                       .points = {initial, read}}};
    list.frames = {{.address = 0x55d0c2000010,
                    .awaited_by = 0x55d0c2000100,
                    .held_by = 0x55d0c2000100,
                    .size = 112,
                    .function = 0,
                    .point = 1,
                    .tid = 12337,
                    .state = protocol::State::running,
                    .elided = true,
                    .inferred = true,
                    .values = {{"id", "17", false}, {"left", "3", true}}},
                   {.address = 0x55d0c2000100, .state = protocol::State::done}};
    list.scanned_bytes = 1 << 20;
    list.unscanned_bytes = 4096;
    list.dropped = 2;
    list.skew_ns = 30'000;
    list.values_read = true;
}

} // namespace

Snapshot known_snapshot() {
    Snapshot snapshot;
    add_process(snapshot);
    add_places(snapshot);
    add_threads(snapshot);
    TaskFacts task;
    task.id = 0x100000008;
    task.since_ns = 96'833'000'000'000;
    task.wait_object = 0x7f0012345678;
    task.scopes = 1;
    task.wait_site = 2;
    task.tid = 12336;
    task.label = 1;
    task.kind = protocol::Kind::job;
    task.state = protocol::State::waiting;
    task.wait_reason = protocol::WaitReason::chan_send;
    TaskFacts coroutine;
    coroutine.id = 0x200000009;
    coroutine.kind = protocol::Kind::coroutine;
    coroutine.state = protocol::State::done;
    coroutine.frame = 1;
    snapshot.tasks = {task, coroutine};
    snapshot.task_frames.push_back({.frame = 0x55d0c1e2f2d0,
                                    .awaited_by = 0x300000010,
                                    .started_by = 0x100000008,
                                    .creator_pc = 0x55d0c0a13010,
                                    .created_in_pc = 0x55d0c0a13020});
    add_coroutines(snapshot);
    snapshot.incomplete = {{12338, "its thread ended during the capture"}};
    return snapshot;
}

} // namespace tasks::inspect
