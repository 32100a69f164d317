#include "capture/machine_checks.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>

#include <unistd.h>

#include <tasks/protocol/sched_file.hpp>

#include "capture/kernel_setting.hpp"
#include "capture/perf_samples.hpp"
#include "capture/permission_cause.hpp"
#include "capture/process_memory.hpp"

namespace tasks::inspect {
namespace {

using State = Check::State;

bool readable(const World& world, std::string_view name) {
    const auto text = world.proc.read(name);
    return text && !text->empty();
}

Check all_processes(const World& world) {
    const std::string what = "processes";
    if (!world.proc.mounted()) {
        return {State::missing, what, "/proc is not mounted", "mount -t proc proc /proc"};
    }
    if (world.is_root()) {
        return {State::works, what, "you are root: every process of this pid namespace", ""};
    }
    if (!readable(world, "1/stat")) { // hidepid of proc(5)
        return {State::limited, what, "/proc shows your own alone (it is mounted with hidepid)", "run as root"};
    }
    return {State::limited, what, "those of uid " + std::to_string(world.euid) + "; of others only that they are there",
            "run as root to see all"};
}

Check blocked_threads(const World& world) {
    const std::string what = "blocked threads";
    if (!readable(world, "self/syscall")) {
        return {State::missing, what, "/proc/self/syscall cannot be read: this kernel lacks it, or a sandbox hides it",
                "give the programs their agent, or run outside of the sandbox"};
    }
    if (!readable(world, "self/schedstat")) {
        return {State::limited, what,
                "/proc/self/schedstat cannot be read (CONFIG_SCHED_INFO): a stack may be of two moments", ""};
    }
    std::uint64_t word = 0x7461736b73; // read through the kernel, as a target's memory is
    std::array<char, sizeof word> copy{};
    const LiveMemory memory{static_cast<std::uint32_t>(::getpid())};
    if (memory.read(reinterpret_cast<std::uint64_t>(&word), copy) != copy.size()) {
        return {State::missing, what, std::string{"process_vm_readv is refused: "} + std::strerror(errno),
                "let the sandbox's filter of system calls pass it, or run outside of it"};
    }
    return {State::works, what, "exact, nothing stopped", ""};
}

Check ages(const World& world) {
    const auto text = world.proc.read("self/sched");
    if (text && protocol::exec_start_ns(*text)) {
        return {State::works, "ages", "how long ago each thread last ran", ""};
    }
    return {State::limited, "ages", "/proc/self/sched does not tell when a thread last ran (CONFIG_SCHED_DEBUG)",
            "jobs and waits that an agent registers have exact ages"};
}

/// Whether we may hold threads of our own user's processes: none is held here.
Check held_threads(const World& world) {
    const std::string what = "other processes";
    const auto scope = kernel_setting(world, "kernel/yama/ptrace_scope");
    const bool open = scope.value_or(0) == 0 || (world.is_root() && *scope != 3);
    if (open) {
        return {State::works, what,
                "stacks and locks of processes that you may read" +
                    (scope ? " (kernel.yama.ptrace_scope is " + std::to_string(*scope) + ")" : ""),
                ""};
    }
    const auto [cause, way_out] = why_refused(world);
    return {State::missing, what, cause, way_out};
}

Check running_threads(const World& world) {
    const std::string what = "running threads";
    const auto paranoid = kernel_setting(world, "kernel/perf_event_paranoid");
    const auto setting = paranoid ? " (kernel.perf_event_paranoid is " + std::to_string(*paranoid) + ")" : "";
    std::array<RunningSample, 1> own{};
    own.front().tid = static_cast<std::uint32_t>(::getpid());
    constexpr std::uint32_t stack_bytes = 4096;
    if (const auto error = PerfSamples{own, stack_bytes}.start()) {
        return {State::limited, what,
                std::string{"perf events are refused: "} + std::strerror(error) + setting +
                    "; each is held for some microseconds instead",
                "sysctl kernel.perf_event_paranoid=2, or give the container CAP_PERFMON, or --no-touch"};
    }
    return {State::works, what, "sampled while they go on" + setting, ""};
}

} // namespace

std::vector<Check> check_machine(const World& world) {
    std::vector<Check> checks;
    for (const auto& check : {all_processes, blocked_threads, held_threads, running_threads, ages}) {
        checks.push_back(check(world));
    }
    return checks;
}

} // namespace tasks::inspect
