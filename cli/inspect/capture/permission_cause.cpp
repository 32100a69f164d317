#include "capture/permission_cause.hpp"

#include <algorithm>

#include "capture/kernel_setting.hpp"

namespace tasks::inspect {
namespace {

bool forbidden(const ThreadFacts& thread) { return thread.capture == protocol::Capture::not_permitted; }

} // namespace

// Documentation/admin-guide/LSM/Yama.rst: 0 classic, 1 parents only, 2 CAP_SYS_PTRACE only, 3 nobody.
Refusal why_refused(const World& world) {
    const auto scope = kernel_setting(world, "kernel/yama/ptrace_scope").value_or(0);
    if (scope == 3) {
        return {"kernel.yama.ptrace_scope is 3: no process may read another's stacks until the next boot",
                "give the program its agent"};
    }
    if (world.is_root()) {
        return {"not even as root: a container without the capability, or a security module, forbids it",
                "start the container with CAP_SYS_PTRACE, run from the host, or give the program its agent"};
    }
    if (scope == 1 || scope == 2) {
        return {
            "kernel.yama.ptrace_scope is " + std::to_string(scope) + ": only root" +
                (scope == 1 ? " and its parents" : "") + " may read a process's stacks",
            "run as root, give the program its agent (tasks run, or link it), or set kernel.yama.ptrace_scope to 0"};
    }
    return {"the process is closed to its own user (it is or was setuid, has file capabilities, lives in a user "
            "namespace, or called prctl(PR_SET_DUMPABLE))",
            "run as root"};
}

std::string permission_cause(const World& world) {
    const auto [cause, way_out] = why_refused(world);
    return cause + "; " + way_out;
}

void tell_forbidden(const World& world, Snapshot& snapshot) {
    const auto count = std::ranges::count_if(snapshot.threads, forbidden);
    if (count != 0) {
        snapshot.incomplete.push_back({0, std::to_string(count) + (count == 1 ? " thread" : " threads") +
                                              " may not be read: " + permission_cause(world)});
    }
}

std::optional<Error> all_forbidden(const World& world, const Snapshot& snapshot) {
    if (snapshot.process.agent != AgentState::none || snapshot.threads.empty() ||
        !std::ranges::all_of(snapshot.threads, forbidden)) {
        return std::nullopt;
    }
    return Error{Trouble::permission, "process " + std::to_string(snapshot.process.pid) +
                                          ": its stacks may not be read: " + permission_cause(world)};
}

} // namespace tasks::inspect
