#include "capture/process_waits.hpp"

#include <algorithm>

#include "capture/proc_stat.hpp"
#include "capture/proc_threads.hpp"
#include "capture/steady_waits.hpp"
#include "capture/task_folders.hpp"
#include "capture/wait_facts.hpp"

namespace tasks::inspect {
namespace {

bool in_the_same_call(const World& world, const std::string& folder, const ThreadFacts& thread) {
    const auto text = world.proc.read_once(folder + "syscall");
    ThreadFacts now;
    return text && parse_syscall(*text, now) && now.syscall == thread.syscall && now.arguments == thread.arguments;
}

bool is_uninterruptible(const World& world, const std::string& folder) {
    const auto text = world.proc.read_once(folder + "stat");
    const auto facts = text ? parse_stat(*text) : std::nullopt;
    return facts && facts->state == 'D';
}

/// Those of `tids` that were not captured. The agent's thread is none of the process's own.
std::vector<std::uint32_t> late(std::vector<std::uint32_t> tids, const Snapshot& snapshot) {
    std::vector<std::uint32_t> captured{snapshot.agent_tid};
    for (const auto& thread : snapshot.threads) {
        captured.push_back(thread.tid);
    }
    std::ranges::sort(captured);
    std::erase_if(tids, [&](std::uint32_t tid) { return std::ranges::binary_search(captured, tid); });
    return tids;
}

} // namespace

void read_waits(const World& world, const WaitsAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                Snapshot& into) {
    const LiveMemory memory{asked.pid};
    const TaskFolders folders{world, asked.pid, asked.own_pid_namespace};
    watch.run([&] {
        WaitReader reader{world, asked.pid, memory};
        for (auto& thread : into.threads) {
            const bool blocked = thread.capture == protocol::Capture::captured && thread.syscall >= 0;
            if (!blocked || thread.captured_running() || deadline.passed()) {
                continue;
            }
            const auto folder = folders.of(thread.tid);
            if (!folder.empty() && in_the_same_call(world, folder, thread)) {
                reader.read(thread);
                thread.uninterruptible = thread.wait.futex == 0 && is_uninterruptible(world, folder);
            }
        }
    });
}

void settle_waits(const World& world, const WaitsAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                  Snapshot& into) {
    into.caught_signals = caught_signals(world, asked.pid);
    const LiveMemory memory{asked.pid};
    const TaskFolders folders{world, asked.pid, asked.own_pid_namespace};
    watch.run([&] { find_steady(world, folders, memory, deadline, into.threads); });
    into.late_tids = late(folders.tids(), into);
    const auto in_futex = [](const ThreadFacts& thread) { return waits_for_ever(thread); };
    const auto unread = [](const ThreadFacts& thread) { return thread.wait.futex_bytes.empty(); };
    if (watch.hangs() == 0 && std::ranges::any_of(into.threads, in_futex) &&
        std::ranges::none_of(into.threads, [&](const auto& thread) { return in_futex(thread) && !unread(thread); })) {
        into.incomplete.push_back({0,
                                   "its memory cannot be read from outside, so who holds its locks is not known; run "
                                   "as root, or set kernel.yama.ptrace_scope to 0"});
    }
}

} // namespace tasks::inspect
