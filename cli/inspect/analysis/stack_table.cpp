#include "analysis/stack_table.hpp"

#include <utility>

namespace tasks::inspect {

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
    return distinct_.number(std::move(trace));
}

std::uint32_t StackTable::number(const std::vector<std::uint64_t>& return_addresses) {
    return return_addresses.empty()
               ? 0
               : distinct_.number(Trace{return_addresses, std::vector<bool>(return_addresses.size()), true, {}});
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
