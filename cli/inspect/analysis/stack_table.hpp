// The distinct stacks of a capture: each thread is unwound once, equal chains of program counters are one stack, and
// each stack is given names once (1,001 blocked threads held 9 distinct stacks). Refers to its StackSource, which must
// outlive it. One thread at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/analyse.hpp"
#include "analysis/distinct_traces.hpp"

namespace tasks::inspect {

class StackTable {
public:
    explicit StackTable(const StackSource& source) : source_(source), stacks_(1), distinct_(stacks_) {}
    StackTable(const StackTable&) = delete;
    StackTable& operator=(const StackTable&) = delete;

    /// The number of the thread's stack, from 1; 0: it has none, since it was not captured or not even its first frame
    /// is known.
    std::uint32_t number(const ThreadFacts& thread);

    /// The number of a chain of return addresses; 0: there are none.
    std::uint32_t number(const std::vector<std::uint64_t>& return_addresses);

    const Trace& trace(std::uint32_t number) const { return stacks_[number]; }

    /// Its frames with inlined calls, innermost first.
    std::vector<Frame> frames(std::uint32_t number) const;

    /// Why the frames end early; "" they do not.
    const std::string& cut(std::uint32_t number) const { return stacks_[number].end_reason; }

private:
    const StackSource& source_;
    std::vector<Trace> stacks_; ///< [0] is no stack
    DistinctTraces distinct_;
};

} // namespace tasks::inspect
