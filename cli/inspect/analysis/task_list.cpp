#include "analysis/task_list.hpp"

#include <algorithm>

#include <tasks/protocol/syscall_waits.hpp>

#include "analysis/thread_name.hpp"
#include "capture/fiber_stacks.hpp"

namespace tasks::inspect {

using protocol::Capture;
using protocol::Kind;
using protocol::State;
using protocol::WaitReason;

namespace {

// State, wait and age as the thread itself shows them.
void take_from_thread(const ThreadFacts& thread, TaskView& task) noexcept {
    task.from_thread = true;
    task.state = protocol::state_of_thread(thread.capture, thread.captured_running());
    task.age = TaskView::unknown_age;
    if (task.state != State::running) {
        task.age = thread.last_ran_ago_ns.value_or(TaskView::unknown_age);
    }
    if (task.state == State::waiting) {
        task.wait_reason =
            thread.wait_reason ? *thread.wait_reason : protocol::wait_of_syscall(thread.syscall, thread.arguments);
    }
}

} // namespace

TaskList::TaskList(const Snapshot& snapshot)
    : snapshot_(&snapshot), chains_(snapshot), counted_elsewhere_(snapshot.threads.size()) {
    by_tid_.reserve(snapshot.threads.size());
    for (std::uint32_t index = 0; index < snapshot.threads.size(); ++index) {
        by_tid_.emplace_back(snapshot.threads[index].tid, index);
        counted_elsewhere_[index] = snapshot.threads[index].capture == Capture::exited;
    }
    std::ranges::sort(by_tid_);
    for (const auto& task : snapshot.tasks) {
        if (const auto* thread = task.tid == 0 ? nullptr : thread_of(task.tid)) {
            counted_elsewhere_[static_cast<std::size_t>(thread - snapshot.threads.data())] = true;
        }
    }
}

std::uint32_t TaskList::slots() const noexcept {
    return snapshot_ == nullptr ? 0
                                : static_cast<std::uint32_t>(snapshot_->tasks.size() + snapshot_->threads.size() +
                                                             chains_.innermost().size());
}

bool TaskList::is_task(std::uint32_t slot) const noexcept {
    const auto tasks = snapshot_->tasks.size();
    if (slot < tasks) {
        return !chains_.place(slot).is_part;
    }
    return slot - tasks >= counted_elsewhere_.size() || !counted_elsewhere_[slot - tasks];
}

TaskView TaskList::at(std::uint32_t slot) const noexcept {
    const auto tasks = snapshot_->tasks.size();
    if (slot < tasks) {
        return chained(slot);
    }
    if (slot - tasks >= snapshot_->threads.size()) {
        return chain_of(chains_.innermost()[slot - tasks - snapshot_->threads.size()]);
    }
    const auto& thread = snapshot_->threads[slot - tasks];
    TaskView task;
    task.tid = thread.tid;
    task.runs_coroutine = chains_.runs_on(thread.tid);
    task.kind = task.runs_coroutine ? Kind::coroutine : Kind::thread;
    task.thread = &thread;
    take_from_thread(thread, task);
    return task;
}

// Of a chain, it is told what its innermost coroutine does, by the name and label of the outermost.
TaskView TaskList::chained(std::uint32_t slot) const noexcept {
    const auto& facts = snapshot_->tasks[slot];
    const auto innermost = chains_.place(slot).innermost;
    const auto* inner = innermost == CoroutineChains::none ? nullptr : chains_.innermost_task(innermost);
    auto task = registered(inner == nullptr ? facts : *inner);
    if (inner != nullptr) {
        join_chain(innermost, task);
        task.id = facts.id;
        task.scopes = facts.scopes;
        task.label = facts.label;
    }
    if (const auto* frame = task_frame_of(*snapshot_, facts)) {
        task.creator_pc = frame->creator_pc;
        task.created_in_pc = facts.kind == Kind::coroutine ? frame->created_in_pc : 0;
    }
    return task;
}

// Since when it waits a frame does not tell.
TaskView TaskList::chain_of(std::uint32_t innermost) const noexcept {
    if (const auto* facts = chains_.innermost_task(innermost)) {
        auto task = registered(*facts);
        join_chain(innermost, task);
        return task;
    }
    TaskView task;
    task.kind = Kind::coroutine;
    task.chain = innermost;
    if (const auto* frame = chains_.frame(innermost)) { // one that runs is on a thread that is not known
        task.state = frame->state == State::running ? State::unknown : frame->state;
    }
    if (task.state == State::waiting) {
        task.wait_reason = chains_.wait_reason(innermost);
    }
    return task;
}

// The registry knows best what it knows; that it waits for another coroutine, memory tells what that one waits for.
void TaskList::join_chain(std::uint32_t innermost, TaskView& task) const noexcept {
    task.chain = innermost;
    task.runs_coroutine = task.thread != nullptr && chains_.runs_on(task.tid);
    const bool deeper = chains_.task(innermost) == nullptr;
    const auto known = task.wait_reason != WaitReason::await && task.wait_reason != WaitReason::unknown;
    if (task.state == State::waiting && deeper && !known && chains_.wait_reason(innermost) != WaitReason::unknown) {
        task.wait_reason = chains_.wait_reason(innermost);
        task.wait_site = 0;
        task.wait_object = 0;
    }
}

TaskView TaskList::registered(const TaskFacts& facts) const noexcept {
    TaskView task;
    task.id = facts.id;
    task.tid = facts.tid;
    task.kind = facts.kind;
    task.state = facts.state;
    task.scopes = facts.scopes;
    task.label = facts.label;
    task.thread = facts.tid == 0 ? nullptr : thread_of(facts.tid);
    task.age = age_of(facts.since_ns);
    if (const auto* frame = facts.kind == Kind::fiber ? task_frame_of(*snapshot_, facts) : nullptr) {
        task.fiber = fiber_stack_of(*snapshot_, frame->frame);
    }
    if (facts.state == State::waiting) {
        task.wait_reason = facts.wait_reason == WaitReason::none ? WaitReason::unknown : facts.wait_reason;
        task.wait_site = facts.wait_site;
        task.wait_object = facts.wait_object;
    } else if (facts.tid != 0 && facts.state == State::running) {
        // The registry knows only that the thread is in no tasks::Wait; whether it runs its thread tells.
        const auto since_start = task.age;
        if (task.thread == nullptr) {
            task.state = State::unknown;
        } else {
            take_from_thread(*task.thread, task);
        }
        if (task.state != State::waiting) {
            task.age = since_start;
            task.from_thread = false;
        }
    }
    return task;
}

// What began after the moment of the snapshot began while it was taken; of a dead process, after it was last seen
// alive, and how long before its end nobody knows. A core has no moment.
std::uint64_t TaskList::age_of(std::uint64_t since_ns) const noexcept {
    const bool later = since_ns > snapshot_->taken_at_ns;
    const auto state = snapshot_->process.agent;
    if (since_ns == 0 || (later && (state == AgentState::dead || state == AgentState::core))) {
        return TaskView::unknown_age;
    }
    return later ? 0 : snapshot_->taken_at_ns - since_ns;
}

const ThreadFacts* TaskList::thread_of(std::uint32_t tid) const noexcept {
    const auto found = std::ranges::lower_bound(by_tid_, tid, {}, &std::pair<std::uint32_t, std::uint32_t>::first);
    return found != by_tid_.end() && found->first == tid ? &snapshot_->threads[found->second] : nullptr;
}

std::string TaskList::name(std::uint32_t slot) const {
    const auto task = at(slot);
    const auto& scopes = scopes_at(*snapshot_, task.scopes);
    if (scopes.sites.empty()) {
        return task.thread == nullptr ? std::string() : task.thread->name;
    }
    std::string joined;
    for (const auto site : scopes.sites) {
        joined.append(joined.empty() ? "" : " > ").append(site_at(*snapshot_, site).name);
    }
    if (scopes.left_out > 0) {
        joined.append(" > ").append(std::to_string(scopes.left_out)).append(" more");
    }
    return joined;
}

std::string TaskList::name(std::uint32_t slot, std::span<const Frame> frames) const {
    const auto task = at(slot);
    const auto* main = main_thread();
    if (task.thread == nullptr || task.thread == main || !scopes_at(*snapshot_, task.scopes).sites.empty()) {
        return name(slot);
    }
    return thread_name(task.thread->name, main == nullptr ? "" : main->name, frames);
}

// The first in /proc/PID/task, where threads have numbers of another pid namespace than the process.
const ThreadFacts* TaskList::main_thread() const noexcept {
    const auto* by_number = thread_of(snapshot_->process.pid);
    return by_number != nullptr || by_tid_.empty() ? by_number : &snapshot_->threads[by_tid_.front().second];
}

const SiteFacts& site_at(const Snapshot& snapshot, std::uint32_t index) noexcept {
    static const SiteFacts none;
    return index == 0 || index >= snapshot.sites.size() ? none : snapshot.sites[index];
}

const ScopeList& scopes_at(const Snapshot& snapshot, std::uint32_t index) noexcept {
    static const ScopeList none;
    return index == 0 || index >= snapshot.scope_lists.size() ? none : snapshot.scope_lists[index];
}

const LabelFacts* label_at(const Snapshot& snapshot, std::uint32_t index) noexcept {
    return index == 0 || index >= snapshot.labels.size() ? nullptr : &snapshot.labels[index];
}

} // namespace tasks::inspect
