// What a task table alone tells of leaks, for a row of `tasks list`: the rules of `tasks leaks` on registered tasks,
// sorted by the places in the source that began them and where they wait. Looks at no thread and at no stack, so it
// knows no deadlock, and judges only tasks that wait or are done. Filled with what one pass over a table visits, in any
// order. One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

#include <tasks/protocol/table_reader.hpp>

#include "analysis/leak_crowds.hpp"
#include "analysis/verdict.hpp"

namespace tasks::inspect {

class TableVerdict {
public:
    /// `now_ns`: of the pass; CLOCK_MONOTONIC.
    explicit TableVerdict(std::uint64_t now_ns) : now_ns_(now_ns) {}

    /// Wait objects before the tasks.
    void take(const protocol::WaitObject& object);
    void take(const protocol::Task& task);
    void take(const protocol::SiteCounts& counts);

    /// The surest; nothing: none is found. `totals`: of the pass.
    std::optional<Verdict> surest(const protocol::TableFacts& facts, const protocol::TableTotals& totals);

private:
    using Place = std::tuple<protocol::Kind, protocol::State, protocol::WaitReason, std::uint32_t, std::uint32_t>;

    std::uint64_t now_ns_;
    std::map<Place, Crowd> crowds_;
    std::map<std::uint32_t, SiteLife> lives_;       ///< by site
    std::vector<std::uint64_t> born_ns_;            ///< of all that live
    std::map<std::uint64_t, std::uint64_t> unheld_; ///< objects without a handle: since when
};

} // namespace tasks::inspect
