#include "capture/thread_births.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace tasks::inspect {
namespace {

/// Twice what an agent lists. A table that tells more is not to be believed.
constexpr std::size_t most_births = 131'072;

void tell_lacks(const protocol::BirthTotals& totals, std::uint64_t dropped, std::uint64_t left_out,
                Snapshot& snapshot) {
    const auto tell = [&snapshot](std::uint64_t count, const char* what) {
        if (count != 0) {
            snapshot.incomplete.push_back({0, "of " + std::to_string(count) + (count == 1 ? " thread" : " threads") +
                                                  " it is not known who created it: " + what});
        }
    };
    tell(totals.unreadable, "its record in the table changed at every look, or its writer was killed in an update");
    tell(totals.damaged, "its record in the table is damaged");
    tell(dropped, "threads were made faster than the table grew");
    tell(left_out, "the table tells of more threads than a process has");
}

} // namespace

void collect_births(protocol::TableReader& reader, Snapshot& snapshot) {
    auto& births = snapshot.births;
    std::uint64_t left_out = 0;
    const auto totals = reader.each_birth([&](const protocol::ThreadBirth& birth) {
        if (births.size() < most_births) {
            births.push_back({birth.tid, birth.creator_tid, birth.born_ns, {birth.pcs.begin(), birth.pcs.end()}});
        } else {
            ++left_out;
        }
        return true;
    });
    tell_lacks(totals, reader.facts().dropped_births, left_out, snapshot);
    std::ranges::sort(births, [](const BirthFacts& left, const BirthFacts& right) {
        return std::pair(left.tid, ~left.born_ns) < std::pair(right.tid, ~right.born_ns);
    });
    const auto older = std::ranges::unique(births, {}, &BirthFacts::tid);
    births.erase(older.begin(), older.end());
}

void give_births(Snapshot& snapshot) {
    auto births = std::exchange(snapshot.births, {});
    if (snapshot.process.agent == AgentState::dead && !births.empty()) {
        const auto count = std::to_string(births.size());
        snapshot.incomplete.push_back(
            {0, count + (births.size() == 1 ? " thread that it had created was" : " threads that it had created were") +
                    " alive when it was last seen"});
    }
    for (auto& thread : snapshot.threads) {
        const auto birth = std::ranges::lower_bound(births, thread.tid, {}, &BirthFacts::tid);
        if (birth != births.end() && birth->tid == thread.tid) {
            thread.birth = std::move(*birth);
        }
    }
}

} // namespace tasks::inspect
