#include "merged_task.hpp"

#include <tasks/protocol/syscall_waits.hpp>

namespace tasks::agent {
namespace {

using protocol::Capture;
using protocol::State;
using protocol::WaitReason;

/// A thread that ran at each of three looks counts as running.
void take_from_thread(const protocol::ThreadStack& thread, MergedTask& merged) noexcept {
    merged.from_thread = true;
    merged.age_ns.reset();
    if (thread.capture == Capture::running || thread.capture == Capture::changing) {
        merged.state = State::running;
        return;
    }
    merged.age_ns = thread.last_ran_ago_ns;
    merged.state = State::unknown;
    if (thread.capture == Capture::captured && thread.register_count != 0) {
        merged.state = State::running; // captured as it ran
    } else if (thread.capture == Capture::captured || thread.capture == Capture::unreadable) {
        merged.state = State::waiting;
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
