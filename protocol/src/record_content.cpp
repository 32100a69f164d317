#include "record_content.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace tasks::protocol {

namespace {

// More than a thread can nest: the number is no count of anything.
constexpr std::uint32_t depth_limit = 1u << 24;

bool waits(const RecordHead& head) noexcept { return wait_reason_from(head.wait_reason) != WaitReason::none; }

void take_wait(const RecordHead& head, Task& task) noexcept {
    if (!waits(head))
        return;
    task.wait_reason = wait_reason_from(head.wait_reason);
    task.state = State::waiting;
    task.wait_site = head.wait_site;
    task.wait_object = head.wait_object;
    if (head.wait_since_ns != 0)
        task.since_ns = head.wait_since_ns;
}

// The state of a task that does not wait: a thread runs what it carries; of queued work only the table may know.
State state_of(const RecordHead& head) noexcept {
    if (head.type == static_cast<std::uint8_t>(RecordType::thread))
        return State::running;
    if (const auto state = state_from(head.state); state != State::unknown)
        return state;
    return head.tid != 0 ? State::running : State::unknown;
}

void take_job(const TaskRecord& record, Task& task) noexcept {
    task.kind = Kind::job;
    task.scope_count = static_cast<std::uint8_t>(std::min<std::uint32_t>(record.head.depth, scopes_per_thread));
    task.scopes_left_out = record.head.depth - task.scope_count;
    std::copy_n(record.scopes.begin(), task.scope_count, task.scopes.begin());
    task.started_ns = record.head.started_ns;
    task.since_ns = record.head.started_ns;
}

// What a coroutine waits for, or since when it is done. While it runs, or has not started, the fields are of earlier.
void take_place(const RecordHead& head, Task& task) noexcept {
    if (task.state == State::running)
        return;
    task.wait_reason = wait_reason_from(head.wait_reason);
    if (task.wait_reason == WaitReason::not_started) {
        task.since_ns = head.started_ns;
        return;
    }
    task.wait_site = head.wait_site;
    task.wait_object = head.wait_object;
    task.since_ns = head.wait_since_ns;
}

// False: it cannot be.
bool take_coroutine(const TaskRecord& bytes, Task& task) noexcept {
    const auto record = std::bit_cast<CoroutineRecord>(bytes);
    const auto& head = record.head;
    task.kind = kind_from(record.kind);
    task.state = state_from(head.state);
    if (task.kind == Kind::unknown || task.kind == Kind::thread || task.state == State::unknown || record.awaited > 1)
        return false;
    task.tid = head.tid;
    task.started_ns = head.started_ns;
    take_place(head, task);
    task.scope_count = record.site == 0 ? 0 : 1;
    task.scopes[0] = record.site;
    task.frame = record.frame;
    (record.awaited == 1 ? task.awaited_by : task.started_by) = record.parent;
    task.creator_pc = record.creator_pc;
    task.created_in_pc = record.created_in_pc;
    return true;
}

} // namespace

bool same(const TaskRecord& a, const TaskRecord& b) noexcept { return std::memcmp(&a, &b, sizeof a) == 0; }

Content content_of(const TaskRecord& record, Task& task) noexcept {
    const auto& head = record.head;
    if (is(record, RecordType::free) || is(record, RecordType::wait_object))
        return Content::nothing;
    if (is(record, RecordType::coroutine))
        return take_coroutine(record, task) ? Content::task : Content::damaged;
    if (is(record, RecordType::thread)) {
        if (head.depth == 0 && !waits(head) && record.label.key == 0)
            return Content::nothing;
        if (head.tid == 0 || head.depth > depth_limit)
            return Content::damaged;
    } else if (!is(record, RecordType::job) || head.depth != 1) {
        return Content::damaged;
    }
    task.state = state_of(head);
    if (head.depth > 0)
        take_job(record, task);
    else
        task.kind = Kind::thread;
    take_wait(head, task);
    task.tid = head.tid;
    return Content::task;
}

bool take_label(const LabelField& label, Task& task) noexcept {
    if (label.key == 0)
        return true;
    const std::string_view bytes{reinterpret_cast<const char*>(label.text.data()), sizeof label.text};
    static_assert(sizeof label.text == max_label_bytes + 1);
    const auto end = std::min(bytes.find('\0'), max_label_bytes);
    const auto zeros = bytes.substr(end, max_label_bytes - end);
    if (zeros.find_first_not_of('\0') != zeros.npos || bytes.back() > 1 || bytes.back() < 0)
        return false;
    task.label_key = label.key;
    task.label_text = bytes.substr(0, end);
    task.label_cut = bytes.back() == 1;
    return true;
}

bool carries(const TaskRecord& thread, const TaskRecord& job, std::uint64_t id) noexcept {
    const auto scope = job.carries >> 32;
    return is(thread, RecordType::thread) && is(job, RecordType::job) && job.head.tid == thread.head.tid &&
           job.head.generation == id >> 32 && scope < thread.head.depth &&
           (scope >= scopes_per_thread || thread.scopes[scope] == job.scopes[0]) &&
           (!is_outermost(job) || thread.carries == id);
}

TaskRecord joined(const TaskRecord& thread, const TaskRecord& job) noexcept {
    auto record = thread;
    record.head.generation = job.head.generation;
    if (!waits(thread.head)) {
        record.head.wait_reason = job.head.wait_reason;
        record.head.wait_object = job.head.wait_object;
        record.head.wait_since_ns = job.head.wait_since_ns;
        record.head.wait_site = job.head.wait_site;
    }
    if (record.label.key == 0)
        record.label = job.label;
    return record;
}

} // namespace tasks::protocol
