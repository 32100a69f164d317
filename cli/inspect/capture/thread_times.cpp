#include "capture/thread_times.hpp"

#include <charconv>
#include <string>

#include "capture/proc_stat.hpp"
#include "capture/task_folders.hpp"

namespace tasks::inspect {
namespace {

/// The first two figures of schedstat; false: it is not as the kernel writes it.
bool take_schedstat(const std::string& text, ThreadTimes& times) {
    const auto* end = text.data() + text.size();
    const auto first = std::from_chars(text.data(), end, times.ran_ns);
    return first.ec == std::errc{} && first.ptr != end &&
           std::from_chars(first.ptr + 1, end, times.queued_ns).ec == std::errc{};
}

std::optional<ThreadTimes> times_of(const World& world, const std::string& folder) {
    const auto stat = world.proc.read_once(folder + "stat");
    const auto parsed = stat ? parse_stat(*stat) : std::nullopt;
    const auto schedstat = world.proc.read_once(folder + "schedstat");
    const auto status = world.proc.read_once(folder + "status");
    ThreadTimes times;
    if (!parsed || !schedstat || !take_schedstat(*schedstat, times)) {
        return std::nullopt;
    }
    times.start_ticks = parsed->start_time_ticks;
    times.kernel_ns = parsed->kernel_ticks * (1'000'000'000 / world.ticks_per_second);
    times.read_at_ns = world.clock->monotonic_ns();
    const auto age = world.uptime_ns(times.start_ticks); // start times count from boot with suspended time
    times.born_ns = times.read_at_ns > age ? times.read_at_ns - age : 0;
    if (status) {
        times.sleeps = parse_status(*status).switches_voluntary;
    }
    return times;
}

} // namespace

void read_thread_times(const World& world, const Target& target, const Deadline& deadline, Snapshot& snapshot) {
    const auto pid = target.process.pid;
    const TaskFolders folders{world, pid, target.files.inner_pid == 0 || target.files.inner_pid == pid};
    for (auto& thread : snapshot.threads) {
        const auto folder = deadline.passed() ? std::string{} : folders.of(thread.tid);
        if (!folder.empty()) {
            thread.times = times_of(world, folder);
        }
    }
}

} // namespace tasks::inspect
