// Why the kernel does not let us read a process of ours, and the way out: Yama, a process that is not dumpable, a
// container without the capability. Reads /proc/sys; any thread.
#pragma once

#include <optional>
#include <string>

#include "capture/snapshot.hpp"
#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::inspect {

struct Refusal {
    std::string cause;
    std::string way_out;
};
Refusal why_refused(const World& world);

/// The rest of a sentence: "kernel.yama.ptrace_scope is 1: ...; run as root, or ...".
std::string permission_cause(const World& world);

/// Where threads could not be read for want of permission, an entry of `incomplete` tells why.
void tell_forbidden(const World& world, Snapshot& snapshot);

/// The error of a command that is about stacks alone, where not one thread of a process without an agent may be read.
std::optional<Error> all_forbidden(const World& world, const Snapshot& snapshot);

} // namespace tasks::inspect
