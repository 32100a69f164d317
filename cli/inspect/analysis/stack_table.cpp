#include "analysis/stack_table.hpp"

#include <utility>

namespace tasks::inspect {

namespace {

std::size_t hash_of(const std::vector<std::uint64_t>& pcs) {
    std::size_t hash = pcs.size();
    for (const auto pc : pcs) {
        hash = (hash ^ pc) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

bool equal(const Trace& left, const Trace& right) {
    return left.pcs == right.pcs && left.exact == right.exact && left.end_reason == right.end_reason;
}

} // namespace

std::uint32_t StackTable::number(const ThreadFacts& thread) {
    if (thread.capture != protocol::Capture::captured && !thread.captured_running()) {
        return 0;
    }
    auto trace = source_.unwind(thread);
    if (trace.pcs.empty()) {
        return 0;
    }
    if (trace.whole) {
        trace.end_reason.clear();
    } else if (trace.end_reason.empty()) {
        trace.end_reason = "the rest could not be unwound";
    }
    return number(std::move(trace));
}

std::uint32_t StackTable::number(const std::vector<std::uint64_t>& return_addresses) {
    return return_addresses.empty()
               ? 0
               : number(Trace{return_addresses, std::vector<bool>(return_addresses.size()), true, {}});
}

std::uint32_t StackTable::number(Trace trace) {
    const auto hash = hash_of(trace.pcs);
    for (auto [at, end] = by_hash_.equal_range(hash); at != end; ++at) {
        if (equal(stacks_[at->second], trace)) {
            return at->second;
        }
    }
    const auto added = static_cast<std::uint32_t>(stacks_.size());
    stacks_.push_back(std::move(trace));
    by_hash_.emplace(hash, added);
    return added;
}

std::vector<Frame> StackTable::frames(std::uint32_t number) const {
    const auto& trace = stacks_[number];
    std::vector<Frame> all;
    for (std::size_t at = 0; at < trace.pcs.size(); ++at) {
        const bool exact = at < trace.exact.size() ? trace.exact[at] : at == 0;
        const auto& frames = source_.frames(trace.pcs[at], exact);
        all.insert(all.end(), frames.begin(), frames.end());
    }
    return all;
}

} // namespace tasks::inspect
