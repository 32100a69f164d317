// What was found out about one process: the result of analysis, the input of rendering. Plain values, no I/O; a stack
// report refers to its snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analysis/task_list.hpp"
#include "analysis/verdict.hpp"
#include "analysis/wait_graph.hpp"
#include "capture/program_facts.hpp"
#include "capture/snapshot.hpp"
#include "symbols/frame.hpp"

namespace tasks::inspect {

struct CreatedBy {
    std::string function;
    std::string file;
    std::uint32_t line = 0;
    bool operator==(const CreatedBy&) const = default;
};

/// What the tasks of a group have in common. With --full several groups share one.
struct GroupShape {
    protocol::Kind kind = protocol::Kind::unknown;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    bool struck = false;           ///< by the signal that ended the process
    bool age_is_last_ran = false;  ///< ages are "last ran" (scheduler clock), not "waiting since"
    bool wait_is_inferred = false; ///< reason and name, from a type that may be another's
    std::string wait_name;         ///< of the wait site; "" none
    std::vector<Frame> frames;     ///< innermost first; empty: no stack, `no_stack` says why
    std::string no_stack;          ///< "running, not captured", ...
    std::string cut;               ///< why the frames end early; "" they do not
    std::optional<CreatedBy> created_by;
    std::optional<CreatedBy> waits_at; ///< the wait's own site, where no stack tells it, or one that is cut

    bool operator==(const GroupShape&) const = default;
};

/// Tasks of one shape: a chain of `count` slots of the task list, see StackReport::next.
struct Group {
    std::uint32_t shape = 0; ///< index into StackReport::shapes
    std::uint32_t first = 0; ///< slot
    std::uint32_t count = 0;
    bool one_name = false; ///< all its tasks have the same name
    std::uint64_t age_min = TaskView::unknown_age;
    std::uint64_t age_max = TaskView::unknown_age;
};

struct StackOptions {
    bool full = false;       ///< one group a task
    bool raw_frames = false; ///< Asio's own coroutines too
    bool arguments = false;  ///< of coroutines
    bool locals = false;     ///< likewise
    std::optional<protocol::State> state{};
    std::optional<protocol::Kind> kind{};
    std::optional<std::uint64_t> older_ns{}; ///< only tasks in their state for at least this long
    std::optional<std::string>
        match{}; ///< POSIX extended regex, checked beforehand, on names, labels, functions, files
    std::optional<std::uint64_t> limit{}; ///< groups shown
};

/// For `tasks stack`. A million tasks cost 4 bytes each here: the rest stays in the snapshot, which must outlive the
/// report.
struct StackReport {
    ProcessFacts process;
    std::uint64_t taken_at_realtime_ns = 0;
    std::uint64_t skew_ns = 0;
    std::optional<std::uint64_t> held_ns; ///< Snapshot::held_ns
    StackOptions asked;
    TaskList list;
    std::vector<std::uint32_t> next; ///< by slot: the next slot of the same group
    std::vector<GroupShape> shapes;
    std::vector<Group> groups;         ///< biggest first, then oldest first
    std::uint64_t tasks = 0;           ///< before filters
    std::uint64_t filtered_out = 0;    ///< by --state, --kind, --older, --match
    std::uint64_t groups_left_out = 0; ///< by --limit
    std::uint64_t tasks_left_out = 0;  ///< by --limit
    std::uint64_t dropped = 0;         ///< jobs that found no room in the table
    WaitGraph waits;                   ///< of all threads, whatever the filters
    std::vector<Incomplete> incomplete;

    const GroupShape& shape(const Group& group) const { return shapes[group.shape]; }

    /// The tasks' common name (`outer > inner`, or the thread's name); "" where they differ.
    std::string name(const Group& group) const;

    /// The group's tasks, the oldest first, those of unknown age last.
    std::vector<std::uint32_t> oldest_first(const Group& group) const;
};

struct WaitCount {
    protocol::WaitReason reason = protocol::WaitReason::none;
    std::uint64_t count = 0;
    std::optional<std::uint64_t> oldest_ns; ///< only where the registry knows it
};

/// For `tasks vitals` and `tasks count`.
struct VitalsReport {
    ProcessFacts process;
    std::uint64_t taken_at_realtime_ns = 0;
    std::optional<std::uint64_t> tasks;
    std::map<protocol::Kind, std::uint64_t> by_kind;
    std::map<protocol::State, std::uint64_t> by_state;
    std::vector<WaitCount> by_wait; ///< most first
    std::optional<std::uint64_t> oldest_wait_ns;
    VitalFacts figures;
    std::vector<Incomplete> incomplete;
};

/// For bare `tasks TARGET`.
struct SummaryReport {
    VitalsReport vitals;
    StackReport stacks;
    std::optional<ProgramFacts> program; ///< of a process that lives
};

/// For `tasks deadlocks`.
struct DeadlockReport {
    ProcessFacts process;
    std::uint64_t taken_at_realtime_ns = 0;
    std::uint64_t threads = 0; ///< looked at
    WaitGraph waits;
    std::vector<Incomplete> incomplete;
};

/// For one row of `tasks list`.
struct ProcessRow {
    ProcessFacts process;
    std::optional<std::uint64_t> tasks;
    std::optional<std::uint64_t> threads;
    std::optional<std::uint64_t> uptime_ns; ///< of a dead one: how long it lived
    std::optional<double> trend_per_min;
    std::optional<Verdict> verdict; ///< the surest that its table tells: `tasks leaks` tells which tasks, and more
};

} // namespace tasks::inspect
