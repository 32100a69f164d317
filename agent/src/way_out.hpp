// What the host's operator can do about an errno that stopped a part of the agent: the end of error()'s sentences.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

namespace tasks::agent {

/// Begins with "; ", or is empty where the cause says it all.
constexpr std::string_view way_out(int error) noexcept {
    switch (error) {
    case ENOMEM:
        return "; let this process have more memory (ulimit -v, its cgroup's memory.max, vm.max_map_count)";
    case EAGAIN:
        return "; let it have more threads (ulimit -u, its cgroup's pids.max) or more memory";
    case EMFILE:
    case ENFILE:
        return "; let it have more file descriptors (ulimit -n, fs.file-max)";
    case EPERM:
    case EACCES:
    case ENOSYS:
        return "; let the filter of its system calls (seccomp) pass what the agent's SECURITY.md lists";
    default:
        return "";
    }
}

/// "what: cause; way out"
inline std::string because(std::string what, int error) {
    return what.append(": ").append(std::strerror(error)).append(way_out(error));
}

} // namespace tasks::agent
