#include "unwind/unwinder.hpp"

#include <algorithm>

#include "unwind/call_sites.hpp"
#include "unwind/frame_table.hpp"
#include "unwind/register_recovery.hpp"
#include "unwind/walk.hpp"

namespace tasks::inspect {

namespace {

// A recovered register stays known outwards, so a second recovery needs a frame that loses it again.
constexpr int most_recoveries = 4;

// Of a thread that ran, all are known; of a blocked one, what /proc tells. Another number of registers is that of
// another machine, whose numbering this is not.
Registers registers_of(const ThreadFacts& thread) {
    Registers registers;
    if (thread.frame_pointer)
        registers.set(x86_64::rbp, *thread.frame_pointer);
    if (thread.registers.size() == x86_64::register_count)
        for (unsigned number = 0; number < x86_64::register_count; ++number)
            registers.set(number, thread.registers[number]);
    else if (thread.syscall >= 0)
        for (std::size_t i = 0; i < thread.arguments.size(); ++i)
            registers.set(x86_64::syscall_arguments[i], thread.arguments[i]);
    registers.set(x86_64::rsp, thread.sp);
    registers.set(x86_64::rip, thread.pc);
    return registers;
}

std::string amount(std::size_t bytes) {
    return bytes % 1024 == 0 && bytes > 0 ? std::to_string(bytes / 1024) + " KiB" : std::to_string(bytes) + " bytes";
}

std::string why_it_ends(const Walk& walk, const ThreadFacts& thread) {
    switch (walk.end) {
    case Walk::End::root:
        return {};
    case Walk::End::frame_limit:
        return "more than " + std::to_string(walk.trace.pcs.size()) + " frames";
    case Walk::End::bytes_end:
        if (thread.stack.empty())
            return "no stack was copied";
        return thread.stack_cut ? "the copied " + amount(thread.stack.size()) + " of stack end here"
                                : "the stack's memory ends here";
    case Walk::End::unknown_register:
        return "this frame needs a register that is not known";
    case Walk::End::lost:
        break;
    }
    if (walk.address != 0)
        return "this frame goes on outside the copied stack (another stack, or a damaged one)";
    return walk.by_table ? "the stack is not consistent here" : "no call frame information for this code";
}

// Walks are made with the default limit even where fewer frames are wanted: recovery judges by where a walk leads.
void cut_to(std::size_t max_frames, Trace& trace) {
    if (trace.pcs.size() <= max_frames)
        return;
    trace.pcs.resize(max_frames);
    trace.exact.resize(max_frames);
    trace.whole = false;
    trace.end_reason = "more than " + std::to_string(max_frames) + " frames";
}

} // namespace

struct Unwinder::State {
    explicit State(ModuleMap& modules) : table(modules), calls(modules), recovery(table, calls) {}

    FrameTable table;
    CallSites calls;
    RegisterRecovery recovery;
};

Unwinder::Unwinder(ModuleMap& modules) : state_(std::make_unique<State>(modules)) {}

Unwinder::~Unwinder() = default;

Trace Unwinder::unwind(const ThreadFacts& thread, std::size_t max_frames) {
    Walk walk;
    if (thread.capture != protocol::Capture::captured && !thread.captured_running()) {
        walk.trace.end_reason = "not captured";
        return walk.trace;
    }
    const StackBytes stack{thread.sp, thread.stack};
    const std::size_t most_frames = std::max(max_frames, default_max_frames);
    walk.registers = registers_of(thread);
    walk_outwards(state_->table, stack, !thread.switched_away, most_frames, walk);
    for (int i = 0; i < most_recoveries && walk.end == Walk::End::unknown_register; ++i)
        state_->recovery.continue_walk(stack, most_frames, walk);
    walk.trace.end_reason = why_it_ends(walk, thread);
    cut_to(max_frames, walk.trace);
    return std::move(walk.trace);
}

} // namespace tasks::inspect
