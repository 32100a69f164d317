#include "stacks_answer.hpp"

#include <algorithm>

#include "clock.hpp"
#include "mappings.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint64_t capture_deadline_ns = 500'000'000;
constexpr std::uint64_t slice_ns = 2'000'000;
constexpr std::uint64_t signals_deadline_ns = 400'000'000;
constexpr std::size_t beside_stack_bytes = 1024; // names, registers, and the end of the answer
static_assert(protocol::max_stack_bytes + 2 * beside_stack_bytes < part_bytes);

} // namespace

StacksAnswer::StacksAnswer(const StacksOrder& order, std::span<std::uint32_t> tids) noexcept
    : settings_{.stack_bytes = std::min<std::size_t>(order.stack_bytes, protocol::max_stack_bytes),
                .last_ran = !order.without_last_ran},
      tids_(tids), count_(order.tid_count) {}

bool StacksAnswer::begin(const AnswerContext& context, Workspace& workspace) noexcept {
    if (!workspace.task_directory.ours()) // it is rewound, which must not happen to a file of the host's
        return false;
    if (count_ != 0) {
        const auto end =
            std::remove(tids_.begin(), tids_.begin() + static_cast<std::ptrdiff_t>(count_), context.agent_tid);
        count_ = static_cast<std::size_t>(end - tids_.begin());
        return true;
    }
    const ThreadList list = list_threads(workspace.task_directory.get(), context.agent_tid, tids_, workspace.lines);
    count_ = list.listed;
    return list.complete;
}

/// True when all modules are in; false when the part is full.
bool StacksAnswer::add_modules(protocol::PartWriter& writer, const AnswerContext& context,
                               Workspace& workspace) noexcept {
    Modules modules{open_maps(workspace.task_directory.get(), context.agent_tid), workspace.lines};
    protocol::Module module;
    while (modules.next(next_module_, module)) {
        if (!writer.add(module))
            return false;
        next_module_ = module.end;
    }
    return true;
}

/// True when all threads are in; false when the part is full or has taken its time.
bool StacksAnswer::add_threads(protocol::PartWriter& writer, std::size_t room, const AnswerContext& context,
                               Workspace& workspace) noexcept {
    const std::uint64_t begun = now_ns();
    const std::uint64_t spent_before = spent_ns_;
    workspace.clocks.begin(workspace.task_directory.get(), context.agent_tid, workspace.texts);
    ThreadCapture capture{workspace.task_directory.get(), workspace.stack, workspace.texts, workspace.clocks};
    const bool signals = SignalCapture::ready() && settings_.stack_bytes != 0;
    while (next_ < count_ && has_room(writer, room) && spent_ns_ - spent_before < slice_ns) {
        const std::uint32_t tid = tids_[next_++];
        if (spent_ns_ < capture_deadline_ns) {
            const protocol::ThreadStack thread = capture.capture(tid, settings_);
            if (signals && thread.capture == protocol::Capture::running)
                tids_[running_++] = tid;
            else
                writer.add(thread);
            spent_ns_ = spent_before + now_ns() - begun;
        } else {
            writer.add(not_captured(tid, protocol::Capture::deadline, begun));
        }
    }
    workspace.clocks.end();
    return next_ == count_ && add_running(writer, room, capture);
}

bool StacksAnswer::has_room(const protocol::PartWriter& writer, std::size_t room) const noexcept {
    return room - writer.bytes().size() >= settings_.stack_bytes + 2 * beside_stack_bytes;
}

/// True when all that ran are in.
bool StacksAnswer::add_running(protocol::PartWriter& writer, std::size_t room, ThreadCapture& capture) noexcept {
    if (running_ == 0)
        return true;
    if (signals_until_ns_ == 0)
        signals_until_ns_ = now_ns() + signals_deadline_ns;
    const std::uint32_t seen = SignalCapture::answers();
    send_signals(writer, capture);
    if (!add_answered(writer, room, capture) && asked_count_ != 0) {
        SignalCapture::wait(seen, slice_ns);
        add_answered(writer, room, capture);
    }
    if (now_ns() >= signals_until_ns_)
        give_up(writer, room, capture);
    return asked_count_ == 0 && signalled_ == running_;
}

/// As many as there are slots for. A thread that cannot be asked (it has gone, or blocks the signal since long) is told
/// as it is without.
void StacksAnswer::send_signals(protocol::PartWriter& writer, ThreadCapture& capture) noexcept {
    while (signalled_ < running_ && asked_count_ < asked_.size()) {
        const std::uint32_t tid = tids_[signalled_];
        const SignalCapture::Ticket ticket = SignalCapture::send(tid, settings_.stack_bytes);
        if (ticket != 0)
            asked_[asked_count_++] = {ticket, tid};
        else if (asked_count_ != 0 || !writer.add(capture.told_as(tid, protocol::Capture::running)))
            return; // once others have answered, or the part is out
        ++signalled_;
    }
}

/// True when something was answered.
bool StacksAnswer::add_answered(protocol::PartWriter& writer, std::size_t room, ThreadCapture& capture) noexcept {
    bool any = false;
    for (std::size_t at = 0; at < asked_count_ && has_room(writer, room);) {
        const Asked one = asked_[at];
        auto thread = SignalCapture::collect(one.ticket);
        if (!thread) {
            ++at;
            continue;
        }
        thread->name = capture.name(one.tid);
        writer.add(*thread);
        SignalCapture::done(one.ticket);
        asked_[at] = asked_[--asked_count_];
        any = true;
    }
    return any;
}

void StacksAnswer::give_up(protocol::PartWriter& writer, std::size_t room, ThreadCapture& capture) noexcept {
    for (; asked_count_ != 0 && has_room(writer, room); --asked_count_) {
        const Asked one = asked_[asked_count_ - 1];
        SignalCapture::done(one.ticket);
        writer.add(capture.told_as(one.tid, protocol::Capture::running));
    }
    for (; signalled_ != running_ && has_room(writer, room); ++signalled_)
        writer.add(capture.told_as(tids_[signalled_], protocol::Capture::running));
}

void StacksAnswer::abandon() noexcept {
    while (asked_count_ != 0)
        SignalCapture::done(asked_[--asked_count_].ticket);
}

Part StacksAnswer::fill(std::span<char> memory, const AnswerContext& context, Workspace& workspace) noexcept {
    protocol::PartWriter writer{memory};
    if (!begun_)
        begun_ = writer.stacks_taken_at(now_ns(), context.agent_tid);
    if (!modules_done_)
        modules_done_ = add_modules(writer, context, workspace);
    if (!modules_done_ || !add_threads(writer, memory.size(), context, workspace))
        return {.bytes = writer.bytes().size(), .more = true};
    writer.stacks_end(now_ns());
    return {.bytes = writer.bytes().size(), .more = false};
}

} // namespace tasks::agent
