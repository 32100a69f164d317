#include "stacks_answer.hpp"

#include <algorithm>

#include "clock.hpp"
#include "mappings.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint64_t capture_deadline_ns = 500'000'000;
constexpr std::uint64_t slice_ns = 2'000'000;
constexpr std::size_t beside_stack_bytes = 1024; // names, registers, and the end of the answer
static_assert(protocol::max_stack_bytes + 2 * beside_stack_bytes < part_bytes);

} // namespace

StacksAnswer::StacksAnswer(const StacksOrder& order, std::span<std::uint32_t> tids) noexcept
    : settings_{.stack_bytes = std::min<std::size_t>(order.stack_bytes, protocol::max_stack_bytes),
                .last_ran = !order.without_last_ran},
      tids_(tids), count_(order.tid_count) {}

bool StacksAnswer::begin(const AnswerContext& context, Workspace& workspace) noexcept {
    if (!workspace.task_directory)
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
    const std::size_t wanted = settings_.stack_bytes + 2 * beside_stack_bytes;
    while (next_ < count_ && room - writer.bytes().size() >= wanted && spent_ns_ - spent_before < slice_ns) {
        const std::uint32_t tid = tids_[next_++];
        if (spent_ns_ < capture_deadline_ns) {
            writer.add(capture.capture(tid, settings_));
            spent_ns_ = spent_before + now_ns() - begun;
        } else {
            writer.add(not_captured(tid, protocol::Capture::deadline, begun));
        }
    }
    workspace.clocks.end();
    return next_ == count_;
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
