#include "unwind/register_recovery.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace tasks::inspect {

namespace {

// A dynamic frame of 20 KB held 40 return addresses of earlier calls; each is tried, for some microseconds. A proof is
// looked for behind any number of them.
constexpr std::size_t most_weak_candidates = 256;
// The longest prologue seen: endbr64, six pushes, moves of six arguments, a subtraction.
constexpr std::size_t prologue_bytes = 64;

// What a weak candidate must lead to.
bool is_convincing(const Walk& walk, std::size_t frames_before) {
    if (walk.end == Walk::End::root || walk.end == Walk::End::frame_limit)
        return true;
    return walk.end == Walk::End::bytes_end && walk.by_table && walk.trace.pcs.size() >= frames_before + 2;
}

} // namespace

// The return address in the usual frame, found from a register and an offset: 20 ns a word instead of a whole step's
// 100, of some thousand words.
std::optional<std::uint64_t> RegisterRecovery::quick_return_address(const Search& search, std::uint64_t value) {
    const FrameRow& row = search.row;
    if (!row.cfa_expression.empty() || row.cfa_register != search.stuck.number)
        return std::nullopt;
    for (const RegisterRule& rule : row.rules)
        if (rule.number == x86_64::rip && rule.kind == RegisterRule::Kind::stored_at_cfa)
            return search.stack.word(value + static_cast<std::uint64_t>(row.cfa_offset + rule.offset)).value_or(0);
    return std::nullopt;
}

CallFit RegisterRecovery::fit_of(const Search& search, std::uint64_t value) {
    const auto quick = quick_return_address(search, value);
    if (quick && calls_.fit(*quick, search.function) == CallFit::none)
        return CallFit::none;
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
    for (std::uint64_t value = first; search.stack.holds(value); value += 8) {
        const Candidate candidate{value, fit_of(search, value), fixed && value == first};
        if (candidate.fit == CallFit::none)
            continue;
        if (candidate.strong() || found.size() < most_weak_candidates)
            found.push_back(candidate);
        if (candidate.strong())
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
