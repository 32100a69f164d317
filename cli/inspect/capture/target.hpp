// The process that a command looks at, and the files that its agent left: found by discovery, used by capture.
// Value types; the directory is held open for as long as a copy lives.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <tasks/protocol/places.hpp>

#include "capture/file_descriptor.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// Socket and table of one process, in one directory.
struct AgentFiles {
    std::shared_ptr<const FileDescriptor> directory; ///< null: no files were found
    std::string directory_path;                      ///< as the process names it, for sentences
    std::uint32_t inner_pid = 0; ///< in the process's own pid namespace: what the files are named after
    std::uint64_t start_time_ticks = 0;
    std::uint32_t owner_uid = 0; ///< whose files are believed, besides root's
    bool has_socket = false;
    bool has_table = false;

    std::string socket_name() const { return name(protocol::socket_suffix); }
    std::string table_name() const { return name(protocol::table_suffix); }
    std::string crash_name() const { return name(protocol::crash_suffix); }
    std::string socket_path() const { return directory_path + "/" + socket_name(); }
    std::string table_path() const { return directory_path + "/" + table_name(); }
    bool trusts(std::uint32_t uid) const noexcept { return uid == owner_uid || uid == 0; }

private:
    std::string name(std::string_view suffix) const {
        return protocol::instance_name(inner_pid, start_time_ticks) + std::string{suffix};
    }
};

struct Target {
    ProcessFacts process; ///< `agent` is answers, stopped, dead or none here; whether it hangs only asking it tells
    AgentFiles files;     ///< of one without an agent only inner_pid
    std::vector<std::string> notes; ///< what stands in the way of knowing more, a sentence each
    std::uint64_t threads = 0;      ///< by /proc/PID/stat, the agent's own included; 0 of a dead process
};

} // namespace tasks::inspect
