// Which tasks of a process leak, how sure that is, and why: what `tasks leaks` tells. Pure functions over one or more
// looks at a process; a file for each verdict. Rather nothing than a false report: what a healthy process has too, an
// idle pool, acceptors, timers, connections that are kept, is never told.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/leak_crowds.hpp"
#include "analysis/leak_growth.hpp"
#include "analysis/report.hpp"
#include "analysis/verdict.hpp"

namespace tasks::inspect {

/// Which rule found it.
enum class LeakRule : std::uint8_t {
    deadlock,          ///< a finding of the wait graph
    never_made,        ///< nil: what it waits on was never made
    no_handle,         ///< nobody holds a handle of what it waits on any more
    done,              ///< finished, not destroyed
    growth,            ///< Growth, of those that stand still
    growth_unwatched,  ///< Growth; whether those that stay go on nobody knows
    longer_than_usual, ///< StuckFacts
    growth_asleep,     ///< a growing crowd that sleeps and wakes at one place
    growth_awake,      ///< a growing crowd that never waits
    burns_processor    ///< SpinFacts
};

struct StuckFacts {
    std::uint64_t usual_ns = 0;      ///< how long one of that place lives that ends, at most
    std::uint64_t older_than_ns = 0; ///< the counted ones wait for longer
    std::uint64_t ended = 0;         ///< at that place
};

struct SpinFacts {
    std::uint64_t ran_ns = 0; ///< on a processor, all of them
    std::uint64_t over_ns = 0;
    std::uint32_t looks = 0;
};

struct LeakFinding {
    Verdict verdict = Verdict::deadlocked;
    LeakRule rule = LeakRule::deadlock;
    std::vector<std::uint32_t> groups{}; ///< indexes into StackReport::groups, the biggest first
    std::uint64_t count = 0;             ///< of their tasks, those of whom it is true
    std::optional<SiteLife> site{};      ///< births and deaths at the place that started them
    std::optional<Growth> growth{};
    std::optional<std::uint32_t> deadlock{}; ///< index into WaitGraph::findings
    std::optional<StuckFacts> stuck{};
    std::optional<SpinFacts> spin{};
    std::optional<std::uint64_t> held_bytes{}; ///< at least: stacks, frames, records of those counted
};

struct LeakOptions {
    std::uint64_t threshold = 10; ///< stuck: no fewer are told
};

/// What is asked of the newest look. `looks` has that one last. The report is the newest one's; its WaitGraph is
/// filled.
std::vector<LeakFinding> find_leaks(const StackReport& report, std::span<const LeakLook> looks,
                                    const LeakOptions& options);

/// The parts, in the order of their verdicts.
std::optional<LeakFinding> never_resumable(const Crowd& crowd, std::span<const LeakLook> looks, const std::string& key);
std::optional<LeakFinding> growing_or_looping(const Crowd& crowd, const std::optional<RegisteredPast>& past,
                                              std::span<const LeakLook> looks, const std::string& key);
std::optional<LeakFinding> stuck(const Crowd& crowd, const RegisteredPast& past, const LeakOptions& options);

/// Threads that burned a processor in all looks, without a sleep and at the same functions, by tid.
std::vector<std::uint32_t> spinning_threads(std::span<const LeakLook> looks);

/// For `tasks leaks`.
struct LeakReport {
    StackReport stacks;                ///< of the newest look
    std::vector<LeakFinding> findings; ///< the surest first, then the biggest
    std::uint32_t looks = 1;
    std::uint64_t over_ns = 0;            ///< between the first look and the last
    std::optional<std::uint64_t> past_ns; ///< how far back the table tells; unset: it tells nothing
    std::optional<MemoryLimit> memory_limit;
    std::vector<std::string> not_judged; ///< what could not be, and why: a sentence each
    std::vector<Incomplete> incomplete;
};

/// Fills in all but the stacks, which are there, with their WaitGraph.
void judge_leaks(std::span<const LeakLook> looks, const LeakOptions& options, LeakReport& report);

} // namespace tasks::inspect
