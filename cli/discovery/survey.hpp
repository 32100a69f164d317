// All processes with an agent that can be seen from here, living and dead: those whose files lie in the places that
// everybody uses, and those whose sockets the kernel lists although their files lie elsewhere (TASKS_DIR, systemd's
// RUNTIME_DIRECTORY, a container). With TASKS_DIR set in our own environment, only what is in that directory.
// For root the places of every user. Asks no agent, deletes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <tasks/protocol/table_reader.hpp>

#include "capture/target.hpp"
#include "discovery/agent_locator.hpp"
#include "discovery/machine.hpp"

namespace tasks::discovery {

/// A process that was found, with what the head of its table says.
struct Sighting {
    inspect::Target target;
    std::optional<protocol::TableFacts> table; ///< unset: it has none, or it cannot be read
};

struct Survey {
    std::vector<Sighting> living; ///< by pid
    std::vector<Sighting> dead;   ///< last seen alive first
    std::vector<std::string> problems;
};

Survey survey(const inspect::World& world, const Machine& machine, AgentLocator& locator);

/// The directories of our own file system that are looked into: our places, and for root those of every user.
std::vector<std::string> searched_directories(const inspect::World& world);

/// The head of a table: nothing where there is none; what is wrong with one goes to `problems`.
std::optional<protocol::TableFacts> table_head(const inspect::World& world, const inspect::AgentFiles& files,
                                               std::vector<std::string>& problems);

/// Whether a process lives, by its table and /proc.
enum class Liveness { living, dead, elsewhere };
/// `elsewhere`: it is of another pid namespace, or its table does not tell: the pid says nothing here.
Liveness judge(const Machine& machine, const inspect::AgentFiles& files, const protocol::TableFacts* table,
               const Result<Process, int>& process);

} // namespace tasks::discovery
