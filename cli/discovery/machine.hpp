// Which boot, namespaces and root we ourselves live in: what other processes are compared with. Read once.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include <tasks/protocol/result.hpp>

#include "capture/world.hpp"
#include "error.hpp"

namespace tasks::discovery {

/// The file system that a process sees.
struct RootKey {
    std::uint64_t mount_namespace = 0;
    std::uint64_t device = 0; ///< of its root directory
    std::uint64_t inode = 0;

    auto operator<=>(const RootKey&) const = default;
};

/// The key of a process; an errno where we may not look.
Result<RootKey, int> root_key(const inspect::ProcFiles& proc, std::string_view pid_or_self);

struct Machine {
    std::string boot_id;
    std::uint64_t pid_namespace = 0; ///< 0: unknown
    std::uint64_t net_namespace = 0;
    RootKey root;
};

/// Fails with a sentence where /proc is not mounted.
Result<Machine, inspect::Error> read_machine(const inspect::World& world);

} // namespace tasks::discovery
