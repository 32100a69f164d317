// Snapshot in, report out. No I/O of its own: stacks and names come through the two functions handed in.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "analysis/report.hpp"
#include "capture/snapshot.hpp"
#include "symbols/frame.hpp"
#include "unwind/trace.hpp"

namespace tasks::inspect {

/// How analysis gets at stacks and names; in the command these are Unwinder::unwind and Symbolizer::frames.
struct StackSource {
    std::function<Trace(const ThreadFacts&)> unwind;
    std::function<const std::vector<Frame>&(std::uint64_t pc, bool exact)> frames;
};

/// Groups first by raw pcs, kind, state and wait, then names each distinct pc once. The report refers to the snapshot.
StackReport analyse_stacks(const Snapshot& snapshot, const StackSource& source, const StackOptions& options);
StackReport analyse_stacks(Snapshot&&, const StackSource&, const StackOptions&) = delete;

/// Who waits for whom, and what follows.
WaitGraph analyse_waits(const Snapshot& snapshot, const StackSource& source);

/// Counts. Needs no stacks: a thread's state and wait come from its wait facts and from the table.
VitalsReport analyse_vitals(const Snapshot& snapshot);

/// Tasks now, and change a minute over the newest minute or more of the history; unset where it is younger than 10 s.
std::optional<double> trend_per_min(std::span<const protocol::HistoryEntry> history, std::uint64_t now_ns,
                                    std::uint64_t tasks_now);

} // namespace tasks::inspect
