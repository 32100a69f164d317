#include "capture/table_capture.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "capture/fiber_capture.hpp"
#include "capture/file_table_source.hpp"
#include "capture/memory_hangs.hpp"
#include "capture/permission_cause.hpp"
#include "capture/proc_figures.hpp"
#include "capture/proc_modules.hpp"
#include "capture/proc_stat.hpp"
#include "capture/proc_threads.hpp"
#include "capture/process_waits.hpp"
#include "capture/running_refusal.hpp"
#include "capture/running_threads.hpp"
#include "capture/stopped_process.hpp"
#include "capture/table_history.hpp"
#include "capture/task_collector.hpp"
#include "capture/thread_births.hpp"
#include "capture/thread_skew.hpp"

namespace tasks::inspect {
namespace {

/// A dead process was last looked at when its agent or one of its tasks last wrote.
void date_back(const protocol::TableFacts& facts, Snapshot& snapshot) {
    std::uint64_t newest_ns = 0;
    for (const auto& task : snapshot.tasks) {
        newest_ns = std::max(newest_ns, task.since_ns);
    }
    snapshot.taken_at_ns = last_written_ns(facts, newest_ns);
    const auto lived = snapshot.taken_at_ns > facts.started_at_ns ? snapshot.taken_at_ns - facts.started_at_ns : 0;
    snapshot.taken_at_realtime_ns = facts.started_at_realtime_ns + lived;
    if (lived > 0) {
        snapshot.vitals.uptime_ns = lived;
    }
}

void take_table(OpenTable& table, const CaptureOptions& options, Snapshot& snapshot) {
    const auto& facts = table.reader.facts();
    if (!facts.name.empty()) {
        snapshot.process.name = facts.name;
    }
    snapshot.vitals.jobs_last_minute = jobs_last_minute(facts.history);
    if (options.tasks) {
        collect_table(table.reader, options.past, snapshot);
    }
}

/// Registered tasks, and each thread that none of them runs on. One that another awaits is a frame of that one.
std::uint64_t count_tasks(Snapshot& snapshot) {
    std::unordered_set<std::uint32_t> carrying;
    std::uint64_t registered = 0;
    std::uint64_t coroutines = 0;
    std::uint64_t fibers = 0;
    for (const auto& task : snapshot.tasks) {
        if (task.tid != 0) {
            carrying.insert(task.tid);
        }
        const bool alone = snapshot.task_frames[task.frame].awaited_by == 0;
        registered += alone ? 1 : 0;
        coroutines += alone && task.kind == protocol::Kind::coroutine ? 1 : 0;
        fibers += alone && task.kind == protocol::Kind::fiber ? 1 : 0;
    }
    snapshot.vitals.coroutines = coroutines;
    snapshot.vitals.fibers = fibers;
    const auto alone = std::ranges::count_if(
        snapshot.threads, [&carrying](const ThreadFacts& thread) { return !carrying.contains(thread.tid); });
    return registered + static_cast<std::uint64_t>(alone);
}

struct Look {
    const World& world;
    std::uint32_t pid;
    ThreadsAsked threads;
    bool touch;
    Deadline deadline;
    MemoryWatch& watch;
};

void capture_going_on(const Look& look, Snapshot& snapshot) {
    const auto tids = read_threads(look.world, look.threads, look.deadline, look.watch, snapshot);
    capture_running(look.world, {look.pid, look.threads.stack_bytes, look.touch}, look.deadline, look.watch, tids,
                    snapshot.threads, snapshot.incomplete);
}

/// When each thread last ran is read before it is held, which wakes it: that is how it is known to have stood there
/// since.
void take_ages(const Snapshot& before, std::uint64_t held_at_ns, Snapshot& snapshot) {
    std::unordered_map<std::uint32_t, const ThreadFacts*> earlier;
    for (const auto& thread : before.threads) {
        earlier.emplace(thread.tid, &thread);
    }
    for (auto& thread : snapshot.threads) {
        const auto found = earlier.find(thread.tid);
        const auto* was = found == earlier.end() ? nullptr : found->second;
        if (was != nullptr && was->last_ran_ago_ns && was->syscall == thread.syscall &&
            was->arguments == thread.arguments && was->sp == thread.sp) {
            thread.last_ran_ago_ns = *was->last_ran_ago_ns + (held_at_ns - std::min(held_at_ns, was->taken_at_ns));
        }
    }
}

/// Those that were in no system call ran: all their registers are known.
void take_registers(const StoppedProcess& stopped, std::span<const std::uint32_t> tids, Snapshot& snapshot) {
    for (std::size_t index = 0; index < snapshot.threads.size(); ++index) {
        auto& thread = snapshot.threads[index];
        const auto* registers = stopped.registers_of(tids[index]);
        if (registers == nullptr) {
            snapshot.incomplete.push_back({thread.tid, "it could not be held: it is in an uninterruptible wait, or "
                                                       "began or ended just then"});
        } else if (thread.capture == protocol::Capture::captured && thread.syscall < 0) {
            thread.registers.assign(registers->begin(), registers->end());
            thread.running_by = RunningBy::ptrace;
        }
    }
}

/// False: it cannot be held, which is said.
bool capture_held(const Look& look, Snapshot& snapshot) {
    Snapshot before;
    auto asked = look.threads;
    asked.stack_bytes = 0;
    read_threads(look.world, asked, look.deadline, look.watch, before);
    const auto stopped = StoppedProcess::stop(look.world, look.pid, look.deadline);
    if (!stopped) {
        snapshot.incomplete.push_back({0, not_stopped_sentence(look.world, look.pid, stopped.error())});
        return false;
    }
    asked = look.threads;
    asked.last_ran = false;
    const auto tids = read_threads(look.world, asked, look.deadline, look.watch, snapshot);
    take_ages(before, stopped->since_ns(), snapshot);
    take_registers(*stopped, tids, snapshot);
    settle_waits(look.world, {look.pid, look.threads.own_pid_namespace}, look.deadline, look.watch, snapshot);
    snapshot.held_ns = look.world.clock->monotonic_ns() - stopped->since_ns();
    return true;
}

void capture_threads(const Look& look, bool stop, Snapshot& snapshot) {
    if (!stop || !capture_held(look, snapshot)) {
        capture_going_on(look, snapshot);
        settle_waits(look.world, {look.pid, look.threads.own_pid_namespace}, look.deadline, look.watch, snapshot);
    }
    tell_forbidden(look.world, snapshot);
    capture_fibers(look.pid, look.threads.stack_bytes, look.deadline, look.watch, snapshot);
    snapshot.skew_ns = skew_of(snapshot.threads);
    read_modules(look.world, look.pid, look.deadline, look.watch, snapshot);
    tell_hangs(look.world, look.watch, snapshot);
}

void look_from_outside(const World& world, const Target& target, const OpenTable* table, const CaptureOptions& options,
                       Snapshot& snapshot) {
    const Deadline deadline{*world.clock, options.answer_ns};
    const auto pid = target.process.pid;
    if (options.figures) {
        read_figures(world, target.process, deadline, snapshot.vitals);
    }
    // A count of tasks needs the threads' numbers too.
    const bool stacks = options.threads && options.stack_bytes != 0;
    const bool same_numbers = target.files.inner_pid == 0 || target.files.inner_pid == pid;
    snapshot.agent_tid = table == nullptr ? 0 : table->reader.facts().agent_tid;
    MemoryWatch watch;
    const ThreadsAsked asked{
        pid, snapshot.agent_tid, same_numbers, stacks ? options.stack_bytes : 0, options.last_ran, options.second_look};
    if (stacks) {
        capture_threads({world, pid, asked, options.touch, deadline, watch}, options.stop, snapshot);
    } else {
        read_threads(world, asked, deadline, watch, snapshot);
        tell_forbidden(world, snapshot);
    }
    if (table == nullptr && snapshot.process.agent != AgentState::none) {
        snapshot.threads_known = false; // which of them carry a job is not known: they are no count of tasks
        snapshot.vitals.os_threads = snapshot.threads.size();
    }
    if (same_numbers) {
        give_births(snapshot);
    }
    if (snapshot.threads_known) {
        snapshot.vitals.os_threads = snapshot.threads.size();
        if (options.tasks) {
            snapshot.vitals.tasks = count_tasks(snapshot);
        }
    }
}

bool still_the_same(const World& world, const ProcessFacts& process) {
    const auto stat = read_stat(world.proc, process.pid);
    return stat && stat->start_time_ticks == process.start_time_ticks && !stat->ended();
}

} // namespace

Result<Snapshot, Error> capture_from_table(const World& world, const Target& target, AgentState state,
                                           const CaptureOptions& options) {
    Snapshot snapshot;
    snapshot.process = target.process;
    snapshot.process.agent = state;
    snapshot.taken_at_ns = world.clock->monotonic_ns();
    snapshot.taken_at_realtime_ns = world.clock->realtime_ns();
    const bool dead = state == AgentState::dead;
    for (const auto& note : target.notes) {
        snapshot.incomplete.push_back({0, note});
    }
    auto table =
        target.files.has_table
            ? open_table(target.files, Deadline{*world.clock, options.answer_ns})
            : Result<OpenTable, Error>{Failure{Error{
                  Trouble::not_inspectable, "process " + std::to_string(target.process.pid) + ": it left no table"}}};
    if (table) {
        take_table(*table, options, snapshot);
        if (dead) {
            date_back(table->reader.facts(), snapshot);
        }
    } else if (dead) {
        return Failure{table.error()};
    } else if (state != AgentState::none) {
        snapshot.incomplete.push_back({0, table.error().sentence + "; registered jobs are not known"});
    }
    if (dead) {
        snapshot.incomplete.push_back({0, "the process is gone: only registered tasks are known; the stacks of its "
                                          "threads, and threads without a job, are gone with it"});
        give_births(snapshot);
        return snapshot;
    }
    look_from_outside(world, target, table ? &*table : nullptr, options, snapshot);
    if (!still_the_same(world, target.process)) {
        return Failure{Error{Trouble::not_inspectable,
                             "process " + std::to_string(target.process.pid) + ": it ended while it was looked at"}};
    }
    return snapshot;
}

} // namespace tasks::inspect
