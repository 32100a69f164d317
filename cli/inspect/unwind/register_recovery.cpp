#include "unwind/register_recovery.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace tasks::inspect {

namespace {

// Words of other frames look like return addresses too, but the right one is among the first.
constexpr std::size_t most_candidates = 16;
// The longest prologue seen: endbr64, six pushes, moves of six arguments, a subtraction.
constexpr std::size_t prologue_bytes = 64;

// What a weak candidate must lead to.
bool is_convincing(const Walk& walk, std::size_t frames_before) {
    if (walk.end == Walk::End::root || walk.end == Walk::End::frame_limit)
        return true;
    return walk.end == Walk::End::bytes_end && walk.by_table && walk.trace.pcs.size() >= frames_before + 2;
}

} // namespace

CallFit RegisterRecovery::fit_of(const Search& search, std::uint64_t value) {
    Registers registers = search.stuck.registers;
    registers.set(search.stuck.number, value);
    const Step step = apply(search.row, registers, search.stack);
    if (step.end != Step::End::stepped || step.caller.value(x86_64::rsp) <= search.stack_pointer)
        return CallFit::none;
    return calls_.fit(step.caller.value(x86_64::rip), search.function);
}

std::optional<std::uint64_t> RegisterRecovery::least_distance(const Search& search) {
    if (search.stuck.number != x86_64::rbp || !search.function)
        return std::nullopt;
    std::array<std::uint8_t, prologue_bytes> code{};
    const std::size_t got = calls_.code(*search.function, search.pc, code.data(), code.size());
    return x86_64::frame_size_after({code.data(), got});
}

// A frame whose size is fixed has the register where the first instructions put it. In a dynamic one, and there are
// return addresses of earlier calls in it, the distance is only the least.
std::vector<RegisterRecovery::Candidate> RegisterRecovery::candidates(const Search& search) {
    std::vector<Candidate> found;
    const auto distance = least_distance(search);
    const bool fixed = distance && calls_.has_fixed_frame(*search.function);
    const std::uint64_t first = (search.stack_pointer + distance.value_or(0) + 7) & ~7ull;
    for (std::uint64_t value = first; search.stack.holds(value) && found.size() < most_candidates; value += 8) {
        const CallFit fit = fit_of(search, value);
        if (fit == CallFit::none)
            continue;
        found.push_back({value, fit, fixed && value == first});
        if (found.back().strong())
            break;
    }
    std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
        return std::tuple{!a.expected, b.fit, a.value} < std::tuple{!b.expected, a.fit, b.value};
    });
    return found;
}

Walk RegisterRecovery::tried(const Search& search, std::uint64_t value, std::size_t most_frames) {
    Walk walk = search.stuck;
    walk.registers.set(walk.number, value);
    const bool exact = walk.trace.exact.back();
    walk.trace.pcs.pop_back(); // walked again, now with the register
    walk.trace.exact.pop_back();
    walk_outwards(table_, search.stack, exact, most_frames, walk);
    return walk;
}

// Threads that wait at the same place have the same distance, unless the frame is dynamic.
bool RegisterRecovery::from_memory(const Search& search, std::size_t most_frames, Walk& walk) {
    const auto known = distances_.find(search.pc);
    if (known == distances_.end() || fit_of(search, search.stack_pointer + known->second) != CallFit::proof)
        return false;
    walk = tried(search, search.stack_pointer + known->second, most_frames);
    return true;
}

void RegisterRecovery::continue_walk(const StackBytes& stack, std::size_t most_frames, Walk& walk) {
    const std::uint64_t pc = walk.trace.pcs.back();
    const bool exact = walk.trace.exact.back();
    const Walk stuck = walk;
    const Search search{
        stack, stuck, table_.at(pc, exact).row, calls_.function_start(pc, exact), walk.registers.value(x86_64::rsp),
        pc};
    if (from_memory(search, most_frames, walk))
        return;
    const auto found = candidates(search);
    std::optional<Walk> fallback;
    for (const Candidate& candidate : found) {
        Walk next = tried(search, candidate.value, most_frames);
        if (is_convincing(next, stuck.trace.pcs.size())) {
            if (candidate.fit == CallFit::proof)
                distances_[pc] = candidate.value - search.stack_pointer;
            walk = std::move(next);
            return;
        }
        if (candidate.strong() && !fallback)
            fallback = std::move(next);
    }
    if (fallback)
        walk = std::move(*fallback);
}

} // namespace tasks::inspect
