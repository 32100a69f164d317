// What was found out about one process: the result of analysis, the input of rendering. Plain values, no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "capture/snapshot.hpp"
#include "symbols/frame.hpp"

namespace tasks::inspect {

/// One task of a group.
struct Member {
    std::uint64_t id = 0;                ///< registered task's id; 0: a plain thread (its tid is its id)
    std::uint32_t tid = 0;               ///< 0: no thread carries it
    std::uint32_t name = 0;              ///< index into StackReport::names
    std::optional<std::uint64_t> age_ns() const { return age == unknown_age ? std::nullopt : std::optional{age}; }

    static constexpr std::uint64_t unknown_age = ~0ull;
    std::uint64_t age = unknown_age; ///< how long in this state
};

struct CreatedBy {
    std::string function;
    std::string file;
    std::uint32_t line = 0;
    bool operator==(const CreatedBy&) const = default;
};

/// Tasks with the same stack, kind, state, wait reason and wait name.
struct Group {
    protocol::Kind kind = protocol::Kind::unknown;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    std::string wait_name;  ///< of the wait site; "" none
    std::string name;       ///< the tasks' common name (`outer > inner`, or the thread's name); "" where they differ
    std::optional<std::uint64_t> age_min_ns;
    std::optional<std::uint64_t> age_max_ns;
    bool age_is_last_ran = false; ///< ages are "last ran" (scheduler clock), not "waiting since"
    std::vector<Frame> frames;    ///< innermost first; empty: no stack, `no_stack` says why
    std::string no_stack;         ///< "running, not captured", ...
    std::string cut;              ///< why the frames end early; "" they do not
    std::optional<CreatedBy> created_by;
    std::optional<CreatedBy> waits_at; ///< the wait's own site, where no stack tells it
    std::vector<Member> members;       ///< oldest first
};

/// For `tasks stack`.
struct StackReport {
    ProcessFacts process;
    std::uint64_t taken_at_realtime_ns = 0;
    std::uint64_t skew_ns = 0;
    std::vector<std::string> names; ///< [0] is ""
    std::vector<Group> groups;      ///< biggest first, then oldest first
    std::uint64_t tasks = 0;        ///< before filters
    std::uint64_t filtered_out = 0; ///< by --state, --kind, --older, --match
    std::uint64_t groups_left_out = 0; ///< by --limit
    std::uint64_t tasks_left_out = 0;  ///< by --limit
    std::uint64_t dropped = 0;      ///< jobs that found no room in the table
    std::vector<Incomplete> incomplete;
};

struct WaitCount {
    protocol::WaitReason reason = protocol::WaitReason::none;
    std::uint64_t count = 0;
    std::optional<std::uint64_t> oldest_ns; ///< only where the registry knows it
};

/// For `tasks vitals` and `tasks count`.
struct VitalsReport {
    ProcessFacts process;
    std::optional<std::uint64_t> tasks;
    std::map<protocol::Kind, std::uint64_t> by_kind;
    std::map<protocol::State, std::uint64_t> by_state;
    std::vector<WaitCount> by_wait; ///< most first
    std::optional<std::uint64_t> oldest_wait_ns;
    VitalFacts figures;
    std::vector<Incomplete> incomplete;
};

struct StackOptions {
    bool full = false; ///< one group a task
    std::optional<protocol::State> state;
    std::optional<protocol::Kind> kind;
    std::optional<std::uint64_t> older_ns; ///< only tasks in their state for at least this long
    std::optional<std::string> match;      ///< POSIX extended regex, checked beforehand, on names, functions, files
    std::optional<std::uint64_t> limit;    ///< groups shown
};

/// For one row of `tasks list`.
struct ProcessRow {
    ProcessFacts process;
    std::optional<std::uint64_t> tasks;
    std::optional<std::uint64_t> threads;
    std::optional<std::uint64_t> uptime_ns; ///< of a dead one: how long it lived
    std::optional<double> trend_per_min;
};

} // namespace tasks::inspect
