// Who a process is, from /proc: read for each process that is listed, so with as few reads as can be. Pure reading.
#pragma once

#include <optional>
#include <string>

#include <tasks/protocol/table_reader.hpp>

#include "capture/proc_stat.hpp"
#include "capture/target.hpp"
#include "capture/world.hpp"
#include "discovery/machine.hpp"

namespace tasks::discovery {

/// A living process.
struct Process {
    inspect::ProcStat stat;
    std::uint32_t uid = 0;       ///< effective
    std::uint32_t inner_pid = 0; ///< in its own pid namespace
    std::string hint;            ///< a directory to look into first; "" none
};

/// A process that lives, with uid and inner pid from /proc/PID/status; an errno, ESRCH where it has ended.
Result<Process, int> read_process(const inspect::World& world, std::uint32_t pid);

/// The same for a process of our own pid namespace, without reading status where the owner of /proc/PID tells the uid.
/// `likely_uid`: whose files led to it.
Result<Process, int> read_near_process(const inspect::World& world, std::uint32_t pid, std::uint32_t likely_uid);

/// True: the table is of a program that this process was before exec(), which keeps pid and start time: the agent's
/// thread that it names is not in the process any more. What cannot be judged from here is believed.
bool is_of_earlier_program(const inspect::World& world, const Machine& machine, std::uint32_t pid,
                           const protocol::TableFacts& table);

/// The target that those files belong to. Its name is the table's, else the command's.
inspect::Target living_target(const inspect::World& world, const Process& process, inspect::AgentFiles files,
                              const protocol::TableFacts* table);
inspect::Target dead_target(const inspect::World& world, inspect::AgentFiles files, const protocol::TableFacts* table);

} // namespace tasks::discovery
