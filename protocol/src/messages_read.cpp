#include <tasks/protocol/messages.hpp>

#include <limits>
#include <new>
#include <utility>

#include "field_reader.hpp"
#include "message_fields.hpp"

namespace tasks::protocol {

namespace {

ErrorCode error_code_from(std::uint64_t number) {
    constexpr auto last = static_cast<std::uint64_t>(ErrorCode::out_of_memory);
    return number <= last ? static_cast<ErrorCode>(number) : ErrorCode::unknown;
}

} // namespace

// One read_field a message, static and found by argument-dependent lookup from FieldReader::all: stores the present
// field and returns true, or returns false for an unknown one.

static bool read_field(FieldReader& in, Hello& out) {
    using F = fields::Hello;
    return in.number(F::major, "major", out.major) || in.bytes(F::client, "client", out.client);
}

static bool read_field(FieldReader& in, Welcome& out) {
    using F = fields::Welcome;
    return in.number(F::major, "major", out.major) || in.bytes(F::agent_version, "agent_version", out.agent_version) ||
           in.number(F::pid, "pid", out.pid) ||
           in.number(F::start_time_ticks, "start_time_ticks", out.start_time_ticks) ||
           in.bytes(F::name, "name", out.name) || in.numbers32(F::request_types, "request_types", out.request_types);
}

static bool read_field(FieldReader& in, ErrorAnswer& out) {
    using F = fields::ErrorAnswer;
    return in.enumeration(F::code, "code", out.code, error_code_from) ||
           in.bytes(F::sentence, "sentence", out.sentence);
}

static bool read_field(FieldReader&, VitalsRequest&) { return false; }
static bool read_field(FieldReader&, CountsRequest&) { return false; }
static bool read_field(FieldReader&, TasksRequest&) { return false; }

static bool read_field(FieldReader& in, Queue& out) {
    using F = fields::Queue;
    return in.bytes(F::name, "name", out.name) || in.number(F::depth, "depth", out.depth);
}

static bool read_queue(FieldReader& in, VitalsAnswer& out) {
    struct {
        VitalsAnswer& answer;
        std::size_t size() const { return answer.queue_count; }
        Queue& emplace_back() { return answer.queues[answer.queue_count++]; }
    } queues{out};
    return in.element(fields::VitalsAnswer::queues, "queues", "Queue", queues, max_queues);
}

static bool read_field(FieldReader& in, VitalsAnswer& out) {
    using F = fields::VitalsAnswer;
    return in.fixed(F::taken_at_ns, "taken_at_ns", out.taken_at_ns) || in.bytes(F::name, "name", out.name) ||
           in.number(F::tasks, "tasks", out.tasks) || in.number(F::os_threads, "os_threads", out.os_threads) ||
           in.number(F::usable_cpus, "usable_cpus", out.usable_cpus) ||
           in.number(F::num_cpus, "num_cpus", out.num_cpus) ||
           in.number(F::jobs_started, "jobs_started", out.jobs_started) ||
           in.number(F::jobs_ended, "jobs_ended", out.jobs_ended) ||
           in.signed_number(F::jobs_last_minute, "jobs_last_minute", out.jobs_last_minute) ||
           in.number(F::jobs_dropped, "jobs_dropped", out.jobs_dropped) ||
           in.number(F::rss_bytes, "rss_bytes", out.rss_bytes) ||
           in.number(F::peak_rss_bytes, "peak_rss_bytes", out.peak_rss_bytes) ||
           in.number(F::stack_bytes, "stack_bytes", out.stack_bytes) ||
           in.number(F::switches_voluntary, "switches_voluntary", out.switches_voluntary) ||
           in.number(F::switches_involuntary, "switches_involuntary", out.switches_involuntary) ||
           in.number(F::fds, "fds", out.fds) || in.number(F::uptime_ns, "uptime_ns", out.uptime_ns) ||
           in.number(F::table_bytes, "table_bytes", out.table_bytes) ||
           in.number(F::table_cap_bytes, "table_cap_bytes", out.table_cap_bytes) || read_queue(in, out) ||
           in.number(F::queues_left_out, "queues_left_out", out.queues_left_out) ||
           in.number(F::coroutines, "coroutines", out.coroutines) || in.number(F::fibers, "fibers", out.fibers);
}

static bool read_field(FieldReader& in, CountsAnswer& out) {
    using F = fields::CountsAnswer;
    return in.number(F::tasks, "tasks", out.tasks) || in.number(F::thread_tasks, "thread_tasks", out.thread_tasks) ||
           in.number(F::jobs, "jobs", out.jobs) || in.number(F::os_threads, "os_threads", out.os_threads) ||
           in.number(F::jobs_dropped, "jobs_dropped", out.jobs_dropped) ||
           in.number(F::coroutines, "coroutines", out.coroutines) || in.number(F::fibers, "fibers", out.fibers);
}

static bool read_field(FieldReader& in, Site& out) {
    using F = fields::Site;
    return in.number(F::id, "id", out.id) || in.bytes(F::name, "name", out.name) ||
           in.bytes(F::function, "function", out.function) || in.bytes(F::file, "file", out.file) ||
           in.number(F::line, "line", out.line);
}

static bool read_scopes(FieldReader& in, Task& out) {
    return in.numbers(fields::Task::scopes, "scopes", [&](std::uint64_t site) {
        in.check_room(out.scope_count, max_scopes);
        out.scopes[out.scope_count++] = in.narrow(site);
    });
}

static bool read_field(FieldReader& in, Task& out) {
    using F = fields::Task;
    return in.number(F::id, "id", out.id) || in.enumeration(F::kind, "kind", out.kind, kind_from) ||
           in.enumeration(F::state, "state", out.state, state_from) ||
           in.enumeration(F::wait_reason, "wait_reason", out.wait_reason, wait_reason_from) ||
           in.number(F::tid, "tid", out.tid) || read_scopes(in, out) ||
           in.number(F::scopes_left_out, "scopes_left_out", out.scopes_left_out) ||
           in.number(F::wait_site, "wait_site", out.wait_site) ||
           in.fixed(F::wait_object, "wait_object", out.wait_object) ||
           in.fixed(F::started_ns, "started_ns", out.started_ns) || in.fixed(F::since_ns, "since_ns", out.since_ns) ||
           in.number(F::label_key, "label_key", out.label_key) ||
           in.bytes(F::label_text, "label_text", out.label_text, max_label_bytes) ||
           in.flag(F::label_cut, "label_cut", out.label_cut) || in.fixed(F::frame, "frame", out.frame) ||
           in.number(F::awaited_by, "awaited_by", out.awaited_by) ||
           in.number(F::started_by, "started_by", out.started_by) ||
           in.fixed(F::creator_pc, "creator_pc", out.creator_pc) ||
           in.fixed(F::created_in_pc, "created_in_pc", out.created_in_pc);
}

static bool read_field(FieldReader& in, TasksAnswer& out) {
    using F = fields::TasksAnswer;
    return in.fixed(F::taken_at_ns, "taken_at_ns", out.taken_at_ns) ||
           in.element(F::sites, "sites", "Site", out.sites) || in.element(F::tasks, "tasks", "Task", out.tasks) ||
           in.number(F::unreadable, "unreadable", out.unreadable) || in.number(F::dropped, "dropped", out.dropped);
}

static bool read_field(FieldReader& in, StacksRequest& out) {
    using F = fields::StacksRequest;
    return in.number(F::stack_bytes, "stack_bytes", out.stack_bytes) || in.numbers32(F::tids, "tids", out.tids) ||
           in.flag(F::without_last_ran, "without_last_ran", out.without_last_ran);
}

// The number of a system call; outside of one the field is absent.
static bool read_syscall(FieldReader& in, ThreadStack& out) {
    std::uint32_t number = 0;
    if (!in.number(fields::ThreadStack::syscall, "syscall", number))
        return false;
    if (number > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()))
        in.refuse("is no system call's number");
    out.syscall = static_cast<std::int32_t>(number);
    return true;
}

static bool read_field(FieldReader& in, ThreadStack& out) {
    using F = fields::ThreadStack;
    return in.number(F::tid, "tid", out.tid) || in.bytes(F::name, "name", out.name) ||
           in.enumeration(F::capture, "capture", out.capture, capture_from) || read_syscall(in, out) ||
           in.array(F::arguments, "arguments", out.arguments) || in.fixed(F::sp, "sp", out.sp) ||
           in.fixed(F::pc, "pc", out.pc) || in.bytes(F::stack, "stack", out.stack, max_stack_bytes) ||
           in.flag(F::stack_cut, "stack_cut", out.stack_cut) ||
           in.number(F::last_ran_ago_ns, "last_ran_ago_ns", out.last_ran_ago_ns) ||
           in.fixed(F::taken_at_ns, "taken_at_ns", out.taken_at_ns) ||
           in.bytes(F::wait_channel, "wait_channel", out.wait_channel) ||
           in.fixed_array(F::registers, "registers", out.registers, out.register_count);
}

static bool read_field(FieldReader& in, Module& out) {
    using F = fields::Module;
    return in.fixed(F::start, "start", out.start) || in.fixed(F::end, "end", out.end) ||
           in.number(F::file_offset, "file_offset", out.file_offset) || in.bytes(F::path, "path", out.path) ||
           in.bytes(F::build_id, "build_id", out.build_id);
}

static bool read_field(FieldReader& in, StacksAnswer& out) {
    using F = fields::StacksAnswer;
    return in.fixed(F::taken_at_ns, "taken_at_ns", out.taken_at_ns) ||
           in.fixed(F::done_at_ns, "done_at_ns", out.done_at_ns) ||
           in.element(F::modules, "modules", "Module", out.modules) ||
           in.element(F::threads, "threads", "ThreadStack", out.threads) ||
           in.number(F::agent_tid, "agent_tid", out.agent_tid);
}

namespace {

template <class Message> constexpr const char* name_of = nullptr;
template <> constexpr const char* name_of<Hello> = "Hello";
template <> constexpr const char* name_of<Welcome> = "Welcome";
template <> constexpr const char* name_of<ErrorAnswer> = "ErrorAnswer";
template <> constexpr const char* name_of<VitalsRequest> = "VitalsRequest";
template <> constexpr const char* name_of<VitalsAnswer> = "VitalsAnswer";
template <> constexpr const char* name_of<CountsRequest> = "CountsRequest";
template <> constexpr const char* name_of<CountsAnswer> = "CountsAnswer";
template <> constexpr const char* name_of<TasksRequest> = "TasksRequest";
template <> constexpr const char* name_of<TasksAnswer> = "TasksAnswer";
template <> constexpr const char* name_of<StacksRequest> = "StacksRequest";
template <> constexpr const char* name_of<StacksAnswer> = "StacksAnswer";

// What the message holds before its first field: a version that was not sent is 0, not ours.
template <class Message> Message blank() {
    Message message{};
    if constexpr (requires { message.major; })
        message.major = 0;
    return message;
}

} // namespace

template <class Message> Read<Message> read(std::string_view payload) {
    auto message = blank<Message>();
    try {
        FieldReader{payload, name_of<Message>}.all(message);
    } catch (Refused& refused) {
        return Failure{WireError{std::move(refused.sentence)}};
    } catch (const std::bad_alloc&) {
        return Failure{WireError{"no memory left"}}; // fits into the string itself
    }
    return message;
}

template Read<Hello> read<Hello>(std::string_view);
template Read<Welcome> read<Welcome>(std::string_view);
template Read<ErrorAnswer> read<ErrorAnswer>(std::string_view);
template Read<VitalsRequest> read<VitalsRequest>(std::string_view);
template Read<VitalsAnswer> read<VitalsAnswer>(std::string_view);
template Read<CountsRequest> read<CountsRequest>(std::string_view);
template Read<CountsAnswer> read<CountsAnswer>(std::string_view);
template Read<TasksRequest> read<TasksRequest>(std::string_view);
template Read<TasksAnswer> read<TasksAnswer>(std::string_view);
template Read<StacksRequest> read<StacksRequest>(std::string_view);
template Read<StacksAnswer> read<StacksAnswer>(std::string_view);

} // namespace tasks::protocol
