#include "vitals_answer.hpp"

#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "clock.hpp"
#include "cpu_quota.hpp"
#include "fixed_text.hpp"
#include "proc_file.hpp"
#include "queue_probes.hpp"
#include "stack_memory.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint64_t minute_ns = 60'000'000'000;

void add_cpus(protocol::VitalsAnswer& vitals, Workspace& workspace) noexcept {
    vitals.num_cpus = online_cpus("");
    vitals.usable_cpus = affinity_cpus();
    const auto quota = cgroup_cpu_quota("", workspace.lines);
    if (vitals.usable_cpus && quota)
        vitals.usable_cpus = std::min(*vitals.usable_cpus, *quota);
}

void add_memory(protocol::VitalsAnswer& vitals, const AnswerContext& context, Workspace& workspace) noexcept {
    FixedText<32> path;
    path << context.agent_tid << "/status";
    const std::int64_t got = read_file(workspace.task_directory.get(), path.c_str(), workspace.lines);
    const std::string_view status{workspace.lines.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    std::uint64_t kibibytes = 0;
    if (labelled_number(status, "VmRSS:", kibibytes))
        vitals.rss_bytes = kibibytes * 1024;
    if (labelled_number(status, "VmHWM:", kibibytes))
        vitals.peak_rss_bytes = kibibytes * 1024;
}

void add_stacks(protocol::VitalsAnswer& vitals, const AnswerContext& context, Workspace& workspace) noexcept {
    const auto tids = as_numbers<std::uint32_t>(workspace.tids);
    const ThreadList list = list_threads(workspace.task_directory.get(), context.agent_tid, tids, workspace.lines);
    if (!list.complete || list.left_out != 0)
        return;
    const StackMemoryBuffers buffers{.text = workspace.lines, .tops = as_numbers<std::uint64_t>(workspace.stack)};
    vitals.stack_bytes =
        resident_stack_bytes(workspace.task_directory.get(), context.agent_tid, tids.first(list.listed), buffers);
}

/// Of all threads, those that ended too, without the agent's own. One system call; summing the threads' status files
/// takes 6 us a thread.
void add_switches(protocol::VitalsAnswer& vitals) noexcept {
    rusage process{};
    rusage own{};
    if (::getrusage(RUSAGE_SELF, &process) != 0 || ::getrusage(RUSAGE_THREAD, &own) != 0)
        return;
    vitals.switches_voluntary = static_cast<std::uint64_t>(std::max(0L, process.ru_nvcsw - own.ru_nvcsw));
    vitals.switches_involuntary = static_cast<std::uint64_t>(std::max(0L, process.ru_nivcsw - own.ru_nivcsw));
}

/// The entries of a directory of fds, one by one; for kernels before 6.2.
std::optional<std::uint64_t> count_entries(int directory, std::span<char> buffer) noexcept {
    std::uint64_t entries = 0;
    for (;;) {
        const long got = ::syscall(SYS_getdents64, directory, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return {};
        if (got == 0)
            return entries - std::min<std::uint64_t>(entries, 3); // ".", ".." and `directory` itself
        for (long at = 0; at < got; ++entries) {
            std::uint16_t length = 0; // struct linux_dirent64: after u64 inode and s64 offset
            std::memcpy(&length, buffer.data() + at + 16, sizeof length);
            if (length == 0)
                return {};
            at += length;
        }
    }
}

/// Since Linux 6.2 the size of /proc/.../fd is the number of fds; the listing costs 1 us an fd.
std::optional<std::uint64_t> count_fds(const AnswerContext& context, Workspace& workspace) noexcept {
    FixedText<32> path;
    path << context.agent_tid << "/fd";
    struct stat status{};
    if (::fstatat(workspace.task_directory.get(), path.c_str(), &status, 0) == 0 && status.st_size > 0)
        return static_cast<std::uint64_t>(status.st_size);
    const OwnedFd directory = open_for_reading(workspace.task_directory.get(), path.c_str());
    if (!directory)
        return {};
    return count_entries(directory.get(), workspace.lines);
}

void add_uptime(protocol::VitalsAnswer& vitals, const Identity& identity) noexcept {
    const std::uint64_t ticks_per_second = ::getauxval(AT_CLKTCK);
    if (ticks_per_second == 0)
        return;
    const std::uint64_t started_ns = identity.start_time_ticks * (1'000'000'000 / ticks_per_second);
    const std::uint64_t now = read_clock(CLOCK_BOOTTIME);
    if (now >= started_ns)
        vitals.uptime_ns = now - started_ns;
}

Counts::Jobs jobs_ever(Counts& counts, protocol::TableReader& table) noexcept {
    if (const auto known = counts.jobs_ever())
        return *known;
    const protocol::TableTotals totals = table.each_task([](const protocol::Task&) { return true; });
    return {.started = totals.jobs_started, .ended = totals.jobs_ended};
}

void add_jobs(protocol::VitalsAnswer& vitals, Counts& counts, protocol::TableReader& table) noexcept {
    if (!table.refresh())
        return;
    const Counts::Jobs jobs = jobs_ever(counts, table);
    vitals.jobs_started = jobs.started;
    vitals.jobs_ended = std::min(jobs.ended, jobs.started); // counted while jobs end
    const auto living = static_cast<std::int64_t>(vitals.jobs_started - vitals.jobs_ended);
    vitals.jobs_last_minute = jobs_last_minute(table.facts(), living, vitals.taken_at_ns);
    vitals.table_bytes = table.facts().table_bytes;
}

} // namespace

std::optional<std::int64_t> jobs_last_minute(const protocol::TableFacts& facts, std::int64_t living_now,
                                             std::uint64_t now_ns) noexcept {
    const std::uint64_t then = now_ns > minute_ns ? now_ns - minute_ns : 0;
    std::int64_t living_then = 0;
    std::uint64_t looked_at = 0;
    for (const protocol::HistoryEntry& entry : facts.history)
        if (entry.at_ns != 0 && entry.at_ns <= then) {
            living_then = static_cast<std::int64_t>(entry.jobs_started - entry.jobs_ended);
            looked_at = entry.at_ns;
        }
    if (living_then != 0 && then - looked_at > minute_ns)
        return {};
    return living_now - living_then;
}

protocol::VitalsAnswer vitals_now(const AnswerContext& context, Workspace& workspace, std::size_t own_fds) noexcept {
    protocol::VitalsAnswer vitals;
    vitals.taken_at_ns = now_ns();
    vitals.name = context.identity.name;
    vitals.table_cap_bytes = context.table_cap_bytes;
    const protocol::CountsAnswer counts = context.counts.now();
    vitals.tasks = counts.tasks;
    vitals.os_threads = counts.os_threads;
    vitals.jobs_dropped = counts.jobs_dropped;
    vitals.coroutines = counts.coroutines;
    vitals.fibers = counts.fibers;
    if (context.table != nullptr)
        add_jobs(vitals, context.counts, *context.table);
    add_cpus(vitals, workspace);
    add_switches(vitals);
    add_uptime(vitals, context.identity);
    ask_queue_probes(vitals, workspace.texts);
    if (!workspace.task_directory.ours()) // it is rewound, which must not happen to a file of the host's
        return vitals;
    add_memory(vitals, context, workspace);
    add_stacks(vitals, context, workspace);
    if (const auto fds = count_fds(context, workspace))
        vitals.fds = *fds - std::min<std::uint64_t>(*fds, own_fds + context.other_fds);
    return vitals;
}

} // namespace tasks::agent
