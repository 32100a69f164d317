#include "unwind/call_sites.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "unwind/dynamic_symbols.hpp"
#include "unwind/elf_module.hpp"

namespace tasks::inspect {

namespace {

// Longer ones, interpreters' loops, are not searched.
constexpr std::size_t longest_function = 256 << 10;

} // namespace

CallFit CallSites::fit(std::uint64_t return_address, std::optional<std::uint64_t> function) {
    if (modules_.find(return_address).elf == nullptr)
        return CallFit::none; // most words of a stack end here
    const auto [entry, is_new] = known_.try_emplace({return_address, function.value_or(0)}, CallFit::none);
    if (is_new)
        entry->second = judge(return_address, function);
    return entry->second;
}

CallFit CallSites::judge(std::uint64_t return_address, std::optional<std::uint64_t> function) {
    const auto place = modules_.find(return_address);
    if (place.elf != nullptr && place.elf->is_signal_return(return_address - place.bias))
        return CallFit::possible;
    std::array<std::uint8_t, x86_64::longest_call> before{};
    const std::uint64_t start = return_address - before.size();
    if (code(start, return_address, before.data(), before.size()) != before.size())
        return CallFit::none;
    const auto call = x86_64::call_before(before, return_address);
    if (call.kind == x86_64::CallKind::none)
        return CallFit::none;
    if (call.kind == x86_64::CallKind::indirect)
        return CallFit::possible;
    const CallFit direct = function ? judge_target(call.target, *function) : CallFit::elsewhere;
    return call.perhaps_indirect ? std::max(direct, CallFit::possible) : direct;
}

CallFit CallSites::judge_target(std::uint64_t target, std::uint64_t function) {
    if (target == function)
        return CallFit::proof;
    const auto place = modules_.find(target);
    if (place.elf == nullptr)
        return CallFit::none;
    std::array<std::uint8_t, x86_64::jump_slot_bytes> entry{};
    const std::size_t got = code(target, target + entry.size(), entry.data(), entry.size());
    const auto slot = x86_64::jump_slot({entry.data(), got}, target - place.bias);
    if (!slot)
        return CallFit::elsewhere;
    const std::string name = slot_symbol(place.elf->image().elf(), *slot);
    if (name.empty())
        return CallFit::possible;
    const auto callee = modules_.find(function);
    const bool same = callee.elf != nullptr && exports(callee.elf->image().elf(), name, function - callee.bias);
    return same ? CallFit::proof : CallFit::elsewhere;
}

std::optional<std::uint64_t> CallSites::function_start(std::uint64_t pc, bool exact) {
    const auto place = modules_.find(pc);
    if (place.elf == nullptr)
        return std::nullopt;
    const auto start = place.elf->function_start(pc - place.bias - (exact ? 0 : 1));
    return start ? std::optional{*start + place.bias} : std::nullopt;
}

bool CallSites::has_fixed_frame(std::uint64_t function) {
    const auto [entry, is_new] = fixed_frames_.try_emplace(function, false);
    if (is_new)
        entry->second = judge_frame(function);
    return entry->second;
}

bool CallSites::judge_frame(std::uint64_t function) {
    const auto place = modules_.find(function);
    const auto next = place.elf == nullptr ? std::nullopt : place.elf->next_function(function - place.bias);
    std::vector<std::uint8_t> bytes(longest_function);
    bytes.resize(code(function, next ? *next + place.bias : function + bytes.size(), bytes.data(), bytes.size()));
    return !bytes.empty() && bytes.size() < longest_function && !x86_64::may_have_dynamic_frame(bytes);
}

std::size_t CallSites::code(std::uint64_t start, std::uint64_t pc, std::uint8_t* into, std::size_t count) {
    const auto place = modules_.find(start);
    if (place.elf == nullptr || pc <= start)
        return 0;
    return place.elf->image().read(start - place.bias, into, std::min<std::uint64_t>(count, pc - start));
}

} // namespace tasks::inspect
