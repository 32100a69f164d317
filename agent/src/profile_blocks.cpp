#include "profile_blocks.hpp"

namespace tasks::agent {

void ProfileBlocks::label(const protocol::Task& task) noexcept {
    if (task.label_key == 0)
        return;
    lines_.label(task.label_key, task.label_text);
    out << (task.label_cut ? "  label cut" : "");
}

/// What joins coroutines into chains, and with what memory shows of them.
void ProfileBlocks::frame(const protocol::Task& task) noexcept {
    const auto tell = [this](std::string_view name, std::uint64_t value) {
        if (value != 0)
            (out << name).hexadecimal(value);
    };
    tell("  frame ", task.frame);
    tell("  awaiter ", task.awaited_by);
    tell("  starter ", task.started_by);
    tell("  creator ", task.creator_pc);
    tell("  registered ", task.created_in_pc);
}

void ProfileBlocks::first_line(const MergedTask& merged) noexcept {
    const protocol::Task* task = merged.task;
    lines_.count(1, merged.kind);
    lines_.doing(merged.state, merged.wait_reason, merged.registered_wait() ? task->wait_site : 0);
    if (merged.age_ns)
        lines_.ages(*merged.age_ns, *merged.age_ns, merged.from_thread);
    if (task == nullptr || task->scope_count == 0)
        lines_.name(merged.thread != nullptr ? merged.thread->name : std::string_view{});
    else
        lines_.names(task->scopes.data(), task->scope_count, task->scopes_left_out);
    if (task != nullptr) {
        label(*task);
        (out << "  id ").hexadecimal(task->id);
        if (task->wait_object != 0)
            (out << "  on ").hexadecimal(task->wait_object);
        if (task->started_ns != 0)
            (out << "  started ").duration(taken_ns_ > task->started_ns ? taken_ns_ - task->started_ns : 0);
        if (task->tid != 0)
            out << "  tid " << task->tid;
        frame(*task);
    }
    out << "\n";
}

void ProfileBlocks::registers(const protocol::ThreadStack& thread) noexcept {
    if (thread.syscall >= 0) {
        out << "  call " << static_cast<std::uint64_t>(thread.syscall);
        for (const std::uint64_t argument : thread.arguments)
            (out << " ").hexadecimal(argument);
        out << "\n";
    }
    (out << "  sp ").hexadecimal(thread.sp) << "\n";
    if (thread.register_count != 0) {
        out << "  registers";
        for (std::uint32_t i = 0; i < thread.register_count && i < protocol::max_registers; ++i)
            (out << " ").hexadecimal(thread.registers[i]);
        out << "\n";
    }
}

void ProfileBlocks::thread(const protocol::ThreadStack& thread) noexcept {
    (out << "  thread " << protocol::word(thread.capture) << "  tid " << thread.tid << "  ").text(thread.name);
    if (thread.taken_at_ns > taken_ns_)
        out << "  after " << thread.taken_at_ns - taken_ns_;
    if (thread.last_ran_ago_ns)
        out << "  ran " << *thread.last_ran_ago_ns;
    if (!thread.wait_channel.empty())
        (out << "  in ").text(thread.wait_channel);
    out << "\n";
    if (thread.capture != protocol::Capture::captured)
        return;
    lines_.at(thread.pc);
    registers(thread);
    if (!thread.stack.empty()) {
        out << "  stack " << thread.stack.size() << (thread.stack_cut ? "  cut" : "") << "\n";
        out.base64_lines(thread.stack);
    }
}

bool ProfileBlocks::take(const MergedTask& merged, std::size_t) noexcept {
    first_line(merged);
    if (const protocol::Task* task = merged.task; task != nullptr) {
        if (merged.registered_wait())
            lines_.waits_at(task->wait_site);
        lines_.created_by(task->scopes.data(), task->scope_count, task->scopes_left_out);
    }
    if (merged.thread != nullptr)
        thread(*merged.thread);
    out << "\n";
    return !out.failed();
}

} // namespace tasks::agent
