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

/// How analysis gets at stacks and names; in the command these are Unwinder::unwind, Symbolizer::frames and, where
/// names without lines will do, Symbolizer::symbol.
struct StackSource {
    std::function<Trace(const ThreadFacts&)> unwind;
    std::function<const std::vector<Frame>&(std::uint64_t pc, bool exact)> frames;
    std::function<const std::vector<Frame>&(std::uint64_t pc, bool exact)> symbol = frames;
};

/// Groups first by raw pcs, kind, state and wait, then names each distinct pc once. The report refers to the snapshot.
StackReport analyse_stacks(const Snapshot& snapshot, const StackSource& source, const StackOptions& options);
StackReport analyse_stacks(Snapshot&&, const StackSource&, const StackOptions&) = delete;

/// Of whom a wait graph tells where they are.
enum class Places {
    all,      ///< of everybody that is waited for
    findings, ///< only of who has part in a finding: nobody else's lines are read
};

/// Who waits for whom, and what follows.
WaitGraph analyse_waits(const Snapshot& snapshot, const StackSource& source, Places places);

/// Counts. Needs no stacks: a thread's state and wait come from its wait facts and from the table.
VitalsReport analyse_vitals(const Snapshot& snapshot);

/// Tasks now, and change a minute over the newest minute or more of the history; unset where it is younger than 10 s.
std::optional<double> trend_per_min(std::span<const protocol::HistoryEntry> history, std::uint64_t now_ns,
                                    std::uint64_t tasks_now);

/// More and more tasks, for a minute or longer and until now: the least number of each third of that time is more than
/// that of the third before. Load that comes and goes has its lows; a burst has an end. From what `tasks list` reads
/// anyway, so it knows no task: which of them leak takes `tasks leaks`.
bool grows_all_along(std::span<const protocol::HistoryEntry> history, std::uint64_t now_ns, std::uint64_t tasks_now);

} // namespace tasks::inspect
