// Stacks, each kept once: equal chains of program counters, marks and ends are one. Refers to the list that it fills,
// which must outlive it and which nobody else changes meanwhile. One thread at a time.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "analysis/analyse.hpp"

namespace tasks::inspect {

class DistinctTraces {
public:
    explicit DistinctTraces(std::vector<Trace>& traces) : traces_(traces) {}

    /// Its place in the list.
    std::uint32_t number(Trace trace);

private:
    std::vector<Trace>& traces_;
    std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
};

} // namespace tasks::inspect
