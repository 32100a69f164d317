// Values by address range, for ranges that may nest or, in broken files, overlap anyhow. Filled, sealed, then asked.
// A question costs a binary search and a look at the ranges around the address. Value type.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tasks::inspect {

template <class Value> class RangeIndex {
public:
    void add(std::uint64_t start, std::uint64_t end, Value value) {
        if (start < end)
            ranges_.push_back({start, end, end, std::move(value)});
    }

    /// Sorts by start; of equal starts the shorter comes later.
    void seal() {
        std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) {
            return a.start != b.start ? a.start < b.start : a.end > b.end;
        });
        std::uint64_t reach = 0;
        for (Range& range : ranges_)
            range.reach = reach = std::max(reach, range.end);
    }

    /// Calls `visit` for each range around the address, the highest start first, until it returns false.
    template <class Visit> void around(std::uint64_t address, Visit&& visit) const {
        auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](std::uint64_t at, const Range& range) { return at < range.start; });
        for (; after != ranges_.begin() && (after - 1)->reach > address; --after)
            if ((after - 1)->end > address && !visit((after - 1)->value))
                return;
    }

    /// The one with the highest start; null: none.
    const Value* innermost(std::uint64_t address) const {
        const Value* found = nullptr;
        around(address, [&](const Value& value) {
            found = &value;
            return false;
        });
        return found;
    }

    std::size_t size() const noexcept { return ranges_.size(); }

private:
    struct Range {
        std::uint64_t start;
        std::uint64_t end;
        std::uint64_t reach; ///< the highest end up to here
        Value value;
    };
    std::vector<Range> ranges_;
};

} // namespace tasks::inspect
