#include "golden_values.hpp"

namespace tasks::protocol::tests {

using namespace std::string_view_literals;

Hello golden_hello() { return {.major = 1, .client = "tasks 0.1.0"}; }

Welcome golden_welcome() {
    return {.major = 1,
            .agent_version = "0.1.0",
            .pid = 12336,
            .start_time_ticks = 884213,
            .name = "payments",
            .request_types = {1, 16, 18, 20, 22}};
}

ErrorAnswer golden_error_answer() {
    return {.code = ErrorCode::unknown_request, .sentence = "this agent does not know requests of type 99"};
}

VitalsAnswer golden_vitals_answer() {
    VitalsAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.name = "payments";
    answer.tasks = 14;
    answer.os_threads = 9;
    answer.usable_cpus = 4;
    answer.num_cpus = 8;
    answer.jobs_started = 1204;
    answer.jobs_ended = 1190;
    answer.jobs_last_minute = 12;
    answer.jobs_dropped = 3;
    answer.rss_bytes = 25'270'681;
    answer.peak_rss_bytes = 32'505'856;
    answer.stack_bytes = 1'258'291;
    answer.switches_voluntary = 12'411;
    answer.switches_involuntary = 88;
    answer.fds = 17;
    answer.uptime_ns = 11'520'000'000'000;
    answer.table_bytes = 524'288;
    answer.table_cap_bytes = 67'108'864;
    return answer;
}

VitalsAnswer golden_vitals_answer_unknown() {
    VitalsAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.tasks = 0;
    answer.jobs_last_minute = -5;
    return answer;
}

VitalsAnswer golden_vitals_answer_queues() {
    VitalsAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.name = "payments";
    answer.queues[0] = {.name = "payments queue", .depth = 412};
    answer.queues[1] = {.name = "mail queue", .depth = 0};
    answer.queue_count = 2;
    answer.queues_left_out = 1;
    return answer;
}

CountsAnswer golden_counts_answer() {
    return {.tasks = 14, .thread_tasks = 4, .jobs = 10, .os_threads = 9, .jobs_dropped = 3};
}

VitalsAnswer golden_vitals_answer_coroutines() {
    VitalsAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.name = "payments";
    answer.tasks = 1'019;
    answer.os_threads = 9;
    answer.coroutines = 1'000;
    answer.fibers = 5;
    return answer;
}

CountsAnswer golden_counts_answer_coroutines() {
    return {.tasks = 1'019, .thread_tasks = 4, .jobs = 10, .os_threads = 9, .coroutines = 1'000, .fibers = 5};
}

TasksAnswer golden_tasks_answer() {
    TasksAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.sites = {{.id = 1, .name = "charge card", .function = "submit", .file = "payments.cpp", .line = 29},
                    {.id = 2, .name = "results", .function = "operator()", .file = "payments.cpp", .line = 31}};
    Task waiting;
    waiting.id = 3ull << 32 | 161;
    waiting.kind = Kind::job;
    waiting.state = State::waiting;
    waiting.wait_reason = WaitReason::chan_send;
    waiting.tid = 12341;
    waiting.scopes = {1, 2};
    waiting.scope_count = 2;
    waiting.scopes_left_out = 1;
    waiting.wait_site = 2;
    waiting.wait_object = 0x7ffd1c2b3a40;
    waiting.started_ns = 8'530'000'000'000;
    waiting.since_ns = 8'530'000'004'000;
    answer.tasks = {waiting};
    return answer;
}

TasksAnswer golden_tasks_answer_last() {
    TasksAnswer answer;
    Task idle;
    idle.id = 1ull << 32 | 164;
    idle.kind = Kind::thread;
    idle.state = State::waiting;
    idle.wait_reason = WaitReason::job_queue;
    idle.tid = 12342;
    answer.tasks = {idle};
    answer.unreadable = 1;
    answer.dropped = 3;
    return answer;
}

TasksAnswer golden_tasks_answer_labels() {
    TasksAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.sites = {{.id = 1, .name = "charge card", .function = "submit", .file = "payments.cpp", .line = 29},
                    {.id = 4, .name = "request", .function = "serve", .file = "server.cpp", .line = 112}};
    Task whole;
    whole.id = 3ull << 32 | 161;
    whole.kind = Kind::job;
    whole.state = State::running;
    whole.tid = 12341;
    whole.scopes = {1};
    whole.scope_count = 1;
    whole.started_ns = 8'530'000'000'000;
    whole.since_ns = 8'530'000'000'000;
    whole.label_key = 4;
    whole.label_text = "8431";
    Task cut = whole;
    cut.id = 5ull << 32 | 162;
    cut.state = State::runnable;
    cut.tid = 0;
    cut.label_text = "of J\xc3\xb6rg M\xc3\xbcller, No. 8431 of 1"sv;
    cut.label_cut = true;
    answer.tasks = {whole, cut};
    return answer;
}

TasksAnswer golden_tasks_answer_coroutines() {
    TasksAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.sites = {{.id = 1, .name = "session", .function = "session", .file = "server.cpp", .line = 112},
                    {.id = 2, .name = "", .function = "session", .file = "server.cpp", .line = 118}};
    Task waiting;
    waiting.id = 3ull << 32 | 161;
    waiting.kind = Kind::coroutine;
    waiting.state = State::waiting;
    waiting.wait_reason = WaitReason::await;
    waiting.scopes = {1};
    waiting.scope_count = 1;
    waiting.wait_site = 2;
    waiting.started_ns = 8'530'000'000'000;
    waiting.since_ns = 8'530'000'004'000;
    waiting.frame = 0x55d0c1e2f2d0;
    waiting.started_by = 4ull << 32 | 160;
    waiting.creator_pc = 0x55d0c0402f1c;
    waiting.created_in_pc = 0x55d0c0403a21;
    Task awaited;
    awaited.id = 1ull << 32 | 162;
    awaited.kind = Kind::coroutine;
    awaited.state = State::running;
    awaited.tid = 12341;
    awaited.scopes = {1};
    awaited.scope_count = 1;
    awaited.started_ns = 8'530'000'004'000;
    awaited.frame = 0x55d0c1e2f3e0;
    awaited.awaited_by = waiting.id;
    answer.tasks = {waiting, awaited};
    return answer;
}

StacksRequest golden_stacks_request() {
    return {.stack_bytes = 65'536, .tids = {12341, 12342}, .without_last_ran = true};
}

StacksAnswer golden_stacks_answer() {
    StacksAnswer answer;
    answer.taken_at_ns = 8'842'130'000'123;
    answer.agent_tid = 12337;
    answer.modules = {{.start = 0x55d0c0401000,
                       .end = 0x55d0c0478000,
                       .file_offset = 0x1000,
                       .path = "/srv/payments/bin/payments",
                       .build_id = "\x8f\x01\xc3\x5a"sv}};
    ThreadStack waiting;
    waiting.tid = 12341;
    waiting.name = "worker-3";
    waiting.capture = Capture::captured;
    waiting.syscall = 202;
    waiting.arguments = {0x7ffd1c2b3a40, 128, 2, 0, 0, 0xffffffff};
    waiting.sp = 0x7f2a84ffec10;
    waiting.pc = 0x7f2a85c8c0d6;
    waiting.stack = "\x10\xec\xff\x84\x2a\x7f\0\0"sv;
    waiting.stack_cut = true;
    waiting.last_ran_ago_ns = 8'015'000'000;
    waiting.taken_at_ns = 8'842'130'010'456;
    waiting.wait_channel = "futex_wait_queue";
    answer.threads = {waiting};
    return answer;
}

StacksAnswer golden_stacks_answer_last() {
    StacksAnswer answer;
    answer.done_at_ns = 8'842'141'000'789;
    ThreadStack reading; // read(0, ...): system call 0, which is not "none"
    reading.tid = 12336;
    reading.name = "payments";
    reading.capture = Capture::captured;
    reading.syscall = 0;
    ThreadStack running;
    running.tid = 12342;
    running.capture = Capture::running;
    running.last_ran_ago_ns = 0;
    answer.threads = {reading, running};
    return answer;
}

StacksAnswer golden_stacks_answer_registers() {
    StacksAnswer answer;
    ThreadStack running;
    running.tid = 12342;
    running.name = "worker-4";
    running.capture = Capture::captured;
    running.register_count = 17;
    for (std::uint32_t number = 0; number < running.register_count; ++number)
        running.registers[number] = 0x1111 * number;
    running.sp = running.registers[7] = 0x7f2a85002bf0;
    running.pc = running.registers[16] = 0x55d0c0402f1c;
    running.stack = "\xf0\x2b\0\x85\x2a\x7f\0\0"sv;
    running.taken_at_ns = 8'842'130'010'456;
    answer.threads = {running};
    return answer;
}

} // namespace tasks::protocol::tests
