#include "capture/proc_figures.hpp"

#include <algorithm>

#include <unistd.h>

#include "capture/proc_stat.hpp"
#include "capture/processor_quota.hpp"

namespace tasks::inspect {
namespace {

constexpr std::size_t max_fds = 1u << 20;
constexpr std::size_t max_threads = 65536;

/// The sum over the threads; unset where one of them could not be read, unless it has just ended.
void read_switches(const World& world, std::uint32_t pid, const Deadline& deadline, VitalFacts& into) {
    const auto task = std::to_string(pid) + "/task";
    const auto tids = world.proc.numbers(task, max_threads);
    if (!tids || tids->empty()) {
        return;
    }
    std::uint64_t voluntary = 0;
    std::uint64_t involuntary = 0;
    for (const auto tid : *tids) {
        const auto text = world.proc.read(task + "/" + std::to_string(tid) + "/status");
        if (!text) {
            continue;
        }
        const auto status = parse_status(*text);
        if (!status.switches_voluntary || !status.switches_involuntary || deadline.passed()) {
            return;
        }
        voluntary += *status.switches_voluntary;
        involuntary += *status.switches_involuntary;
    }
    into.switches_voluntary = voluntary;
    into.switches_involuntary = involuntary;
}

std::optional<std::uint32_t> online_cpus() {
    const auto count = ::sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? std::optional{static_cast<std::uint32_t>(count)} : std::nullopt;
}

} // namespace

void read_figures(const World& world, const ProcessFacts& process, const Deadline& deadline, VitalFacts& into) {
    const auto text = world.proc.read(process.pid, "status");
    const auto status = text ? parse_status(*text) : ProcStatus{};
    into.rss_bytes = status.rss_bytes;
    into.peak_rss_bytes = status.peak_rss_bytes;
    into.usable_cpus = status.allowed_cpus;
    if (const auto quota = quota_cpus(world, process.pid); quota && into.usable_cpus) {
        into.usable_cpus = std::min(*quota, *into.usable_cpus);
    }
    into.num_cpus = online_cpus();
    into.uptime_ns = world.uptime_ns(process.start_time_ticks);
    if (const auto fds = world.proc.numbers(std::to_string(process.pid) + "/fd", max_fds)) {
        into.fds = fds->size();
    }
    read_switches(world, process.pid, deadline, into);
}

} // namespace tasks::inspect
