#include "merged_task.hpp"

#include <tasks/protocol/syscall_waits.hpp>

namespace tasks::agent {
namespace {

using protocol::State;
using protocol::WaitReason;

void take_from_thread(const protocol::ThreadStack& thread, MergedTask& merged) noexcept {
    merged.from_thread = true;
    merged.state = protocol::state_of_thread(thread.capture, thread.register_count != 0);
    merged.age_ns = merged.state == State::running ? std::nullopt : thread.last_ran_ago_ns;
    if (merged.state == State::waiting) {
        merged.wait_reason = protocol::wait_of_syscall(thread.syscall, thread.arguments);
    }
}

std::optional<std::uint64_t> age(std::uint64_t since_ns, std::uint64_t taken_ns) noexcept {
    if (since_ns == 0)
        return {};
    return taken_ns > since_ns ? taken_ns - since_ns : 0;
}

} // namespace

MergedTask merge(const protocol::ThreadStack& thread) noexcept {
    MergedTask merged;
    merged.thread = &thread;
    take_from_thread(thread, merged);
    return merged;
}

MergedTask merge(const protocol::Task& task, const protocol::ThreadStack* thread, std::uint64_t taken_ns) noexcept {
    MergedTask merged;
    merged.task = &task;
    merged.thread = thread;
    merged.kind = task.kind;
    merged.state = task.state;
    merged.age_ns = age(task.since_ns, taken_ns);
    if (task.state == State::waiting) {
        merged.wait_reason = task.wait_reason == WaitReason::none ? WaitReason::unknown : task.wait_reason;
    } else if (thread != nullptr && task.state == State::running) {
        // The registry knows only that the thread is in no tasks::Wait; whether it runs its thread tells.
        const auto since_start = merged.age_ns;
        take_from_thread(*thread, merged);
        if (merged.state != State::waiting) {
            merged.age_ns = since_start;
            merged.from_thread = false;
        }
    }
    return merged;
}

} // namespace tasks::agent
