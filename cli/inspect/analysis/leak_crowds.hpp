// The tasks of a report sorted into crowds: those that were started at one place and are at one place now. What leak
// verdicts are about, so that these need neither snapshots nor frames. Groups of `tasks stack` are finer: of threads
// that run each may be at another line. Values; pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analysis/report.hpp"

namespace tasks::inspect {

/// One task, known again at another look: by its id, or by its thread's number and start. Of a coroutine that is not
/// registered it is the function and the address of its outermost frame, which another one may have when it has ended:
/// whatever is told of such ones must hold at each look.
using TaskIdentity = std::pair<std::uint64_t, std::uint64_t>;

TaskIdentity registered_identity(std::uint64_t id);
TaskIdentity thread_identity(std::uint32_t tid, std::uint64_t start_ticks);
TaskIdentity frame_identity(std::uint64_t resume, std::uint64_t address); ///< `resume`: of its function
bool is_exact(const TaskIdentity& task);
/// 0: it is no thread.
std::uint32_t tid_of(const TaskIdentity& task);

struct Crowd {
    std::vector<std::uint32_t> groups; ///< indexes into StackReport::groups, the biggest first
    protocol::Kind kind = protocol::Kind::unknown;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    bool registered = false; ///< all of it: ages and births are exact
    std::uint64_t count = 0;
    std::vector<std::uint64_t> born_ns;   ///< ascending, of those whose birth is known; CLOCK_MONOTONIC
    std::vector<std::uint64_t> waited_ns; ///< ascending, of those of whom it is known exactly
    std::vector<std::uint64_t> unheld_ns; ///< for how long some have waited already where no handle is left
    std::uint64_t restless = 0;           ///< that have done something in the second half of their life
    std::optional<SiteLife> site;         ///< births and deaths at the place that started them
    std::vector<TaskIdentity> members;    ///< sorted; only where there are several looks
    std::vector<std::pair<TaskIdentity, std::uint64_t>> marks; ///< sorted; of its frames, where all are known
    std::optional<std::uint64_t> held_bytes;                   ///< stacks, frames and records that it holds
};

/// How a thread was seen in one look.
struct ThreadSight {
    ThreadTimes times;
    std::string at; ///< the functions on its stack, the lines of all but the innermost; "" not captured
};

/// What one look at a process found.
struct LeakLook {
    std::uint64_t at_ns = 0; ///< CLOCK_MONOTONIC
    bool confirms = false;   ///< taken soon after the others, for what is not exact
    std::unordered_map<std::string, Crowd> crowds;
    std::vector<std::uint64_t> at_work; ///< sorted: frames that went on while they were read, and are in no crowd
    std::unordered_map<std::uint32_t, ThreadSight> threads; ///< by tid; only where there are several looks
};

/// `again`: there are several looks, so that tasks and threads must be known again. `report` is of all tasks.
LeakLook look_at(const StackReport& report, bool again);

} // namespace tasks::inspect
