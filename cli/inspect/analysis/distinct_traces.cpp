#include "analysis/distinct_traces.hpp"

#include <utility>

namespace tasks::inspect {
namespace {

bool equal(const Trace& left, const Trace& right) {
    return left.pcs == right.pcs && left.exact == right.exact && left.whole == right.whole &&
           left.end_reason == right.end_reason;
}

std::size_t hash_of(const Trace& trace) {
    std::size_t hash = trace.pcs.size();
    for (const auto pc : trace.pcs) {
        hash = (hash ^ pc) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 29;
    }
    return hash;
}

} // namespace

std::uint32_t DistinctTraces::number(Trace trace) {
    const auto hash = hash_of(trace);
    for (auto [at, end] = by_hash_.equal_range(hash); at != end; ++at) {
        if (equal(traces_[at->second], trace)) {
            return at->second;
        }
    }
    const auto added = static_cast<std::uint32_t>(traces_.size());
    traces_.push_back(std::move(trace));
    by_hash_.emplace(hash, added);
    return added;
}

} // namespace tasks::inspect
