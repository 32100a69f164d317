// The field numbers of protocol/tasks.proto, one enum a message. A number is never given to another field; a field
// that goes leaves its number `reserved` in the schema and a comment here.
#pragma once

#include <protozero/types.hpp>

namespace tasks::protocol::fields {

enum class Hello : protozero::pbf_tag_type { major = 1, client = 2 };

enum class Welcome : protozero::pbf_tag_type {
    major = 1,
    agent_version = 2,
    pid = 3,
    start_time_ticks = 4,
    name = 5,
    request_types = 6,
};

enum class ErrorAnswer : protozero::pbf_tag_type { code = 1, sentence = 2 };

enum class Queue : protozero::pbf_tag_type { name = 1, depth = 2 };

enum class VitalsAnswer : protozero::pbf_tag_type {
    taken_at_ns = 1,
    name = 2,
    tasks = 3,
    os_threads = 4,
    usable_cpus = 5,
    num_cpus = 6,
    jobs_started = 7,
    jobs_ended = 8,
    jobs_last_minute = 9,
    jobs_dropped = 10,
    rss_bytes = 11,
    peak_rss_bytes = 12,
    stack_bytes = 13,
    switches_voluntary = 14,
    switches_involuntary = 15,
    fds = 16,
    uptime_ns = 17,
    table_bytes = 18,
    table_cap_bytes = 19,
    queues = 20,
    queues_left_out = 21,
    coroutines = 22,
    fibers = 23,
};

enum class CountsAnswer : protozero::pbf_tag_type {
    tasks = 1,
    thread_tasks = 2,
    jobs = 3,
    os_threads = 4,
    jobs_dropped = 5,
    coroutines = 6,
    fibers = 7,
};

enum class Site : protozero::pbf_tag_type { id = 1, name = 2, function = 3, file = 4, line = 5 };

enum class Task : protozero::pbf_tag_type {
    id = 1,
    kind = 2,
    state = 3,
    wait_reason = 4,
    tid = 5,
    scopes = 6,
    scopes_left_out = 7,
    wait_site = 8,
    wait_object = 9,
    started_ns = 10,
    since_ns = 11,
    label_key = 12,
    label_text = 13,
    label_cut = 14,
    frame = 15,
    awaited_by = 16,
    started_by = 17,
    creator_pc = 18,
    created_in_pc = 19,
};

enum class TasksAnswer : protozero::pbf_tag_type {
    taken_at_ns = 1,
    sites = 2,
    tasks = 3,
    unreadable = 4,
    dropped = 5,
};

enum class StacksRequest : protozero::pbf_tag_type { stack_bytes = 1, tids = 2, without_last_ran = 3 };

enum class ThreadStack : protozero::pbf_tag_type {
    tid = 1,
    name = 2,
    capture = 3,
    syscall = 4,
    arguments = 5,
    sp = 6,
    pc = 7,
    stack = 8,
    stack_cut = 9,
    last_ran_ago_ns = 10,
    taken_at_ns = 11,
    wait_channel = 12,
    registers = 13,
};

enum class Module : protozero::pbf_tag_type { start = 1, end = 2, file_offset = 3, path = 4, build_id = 5 };

enum class StacksAnswer : protozero::pbf_tag_type {
    taken_at_ns = 1,
    done_at_ns = 2,
    modules = 3,
    threads = 4,
    agent_tid = 5,
};

} // namespace tasks::protocol::fields
