#include "unwind/walk.hpp"

namespace tasks::inspect {

namespace {

// Call frame information reaches at most this far past the copied end: two words of a frame, or a ucontext.
constexpr std::uint64_t reach = 4096;

Walk::End end_of_bytes_or_lost(const StackBytes& stack, std::uint64_t address) {
    const std::uint64_t end = stack.start + stack.bytes.size();
    return address + 8 > end && address - stack.start < stack.bytes.size() + reach ? Walk::End::bytes_end
                                                                                   : Walk::End::lost;
}

// The stack pointer of a caller lies above; a leaf that popped its return address into a register (vfork) leaves it
// where it was; a signal handler may have run on another stack.
bool moves_outwards(const FrameRow& row, const StackBytes& stack, const Registers& from, const Registers& to,
                    bool first) {
    const std::uint64_t before = from.value(x86_64::rsp);
    const std::uint64_t after = to.value(x86_64::rsp);
    if (row.interrupted && !stack.holds(after))
        return true;
    return after > before || (first && after == before);
}

// Code without a table: only a frame pointer that is plainly none, or plainly one, is followed.
bool is_root_without_table(const Walk& walk) {
    return walk.registers.known(x86_64::rbp) && walk.registers.value(x86_64::rbp) == 0;
}

void fail(const Step& step, const StackBytes& stack, Walk& walk) {
    walk.number = step.number;
    switch (step.end) {
    case Step::End::outermost:
        walk.end = Walk::End::root;
        walk.trace.whole = true;
        break;
    case Step::End::unknown_register:
        walk.end = Walk::End::unknown_register;
        break;
    case Step::End::not_copied:
        walk.end = end_of_bytes_or_lost(stack, step.address);
        walk.address = step.address;
        break;
    default:
        walk.end = Walk::End::lost;
        break;
    }
}

} // namespace

void walk_outwards(FrameTable& table, const StackBytes& stack, bool exact, std::size_t most_frames, Walk& walk) {
    for (bool first = walk.trace.pcs.empty();; first = false) {
        if (walk.trace.pcs.size() >= most_frames) {
            walk.end = Walk::End::frame_limit;
            return;
        }
        const std::uint64_t pc = walk.registers.value(x86_64::rip);
        const FrameTable::Entry& entry = table.at(pc, exact);
        walk.trace.pcs.push_back(pc);
        walk.trace.exact.push_back(exact || entry.row.signal_return);
        walk.by_table = walk.by_table && entry.by_table;
        Step step = apply(entry.row, walk.registers, stack);
        if (!entry.by_table && is_root_without_table(walk))
            step.end = Step::End::outermost;
        if (step.end != Step::End::stepped)
            return fail(step, stack, walk);
        if (!moves_outwards(entry.row, stack, walk.registers, step.caller, first)) {
            walk.end = Walk::End::lost;
            return;
        }
        walk.registers = step.caller;
        exact = entry.row.interrupted;
    }
}

} // namespace tasks::inspect
