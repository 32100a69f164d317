// Finds the process that a command is told to look at. Errors name what was tried, the cause and the way out.
// Asks no agent. One thread at a time; the world must outlive it.
#pragma once

#include <memory>
#include <string_view>

#include "discovery/cpp_processes.hpp"
#include "discovery/survey.hpp"

namespace tasks::discovery {

class Discovery {
public:
    /// Fails where /proc is not mounted. `patience_ns`: how long the whole answer may take, of which a sick process may
    /// use up a part.
    static Result<Discovery, inspect::Error> begin(const inspect::World& world, std::uint64_t patience_ns);

    Survey survey() { return discovery::survey(*world_, *machine_, *locator_); }

    CppProcesses cpp_processes(const std::set<std::uint32_t>& known, std::uint64_t patience_ns) const {
        return find_cpp_processes(*world_, *machine_, known, patience_ns);
    }

    /// A living process, wherever its agent's files are; without an agent it can be looked at from outside.
    Result<inspect::Target, inspect::Error> by_pid(std::uint32_t pid);

    /// The one living process that calls itself so, or whose program or command is named so: of those with an agent,
    /// else of all. `may_be_verb`: the name stands where a verb might, and the error says that there is neither.
    Result<inspect::Target, inspect::Error> by_name(std::string_view name, bool may_be_verb = false);

    /// A process that may be dead, by pid in its own namespace and start time in ticks.
    Result<inspect::Target, inspect::Error> by_instance(std::uint32_t pid, std::uint64_t start_time_ticks);

private:
    Discovery(const inspect::World& world, Machine machine, std::uint64_t patience_ns);
    inspect::Error no_such_process(std::uint32_t pid);
    bool may_read(const Process& process) const noexcept;
    /// A living process's agent, and its table's head where it can be read.
    struct Found {
        AgentLocator::Located located;
        std::optional<protocol::TableFacts> table;
        bool of_earlier_program; ///< that the process was before exec()
    };
    Found locate(const Process& process);
    Result<inspect::Target, inspect::Error> target_of(const Process& process, Found& found) const;
    Result<inspect::Target, inspect::Error> without_agent(const Process& process, std::string note) const;

    // Behind pointers: the locator refers to the machine, and this object moves.
    const inspect::World* world_;
    std::uint64_t patience_ns_;
    std::unique_ptr<const Machine> machine_;
    std::unique_ptr<AgentLocator> locator_;
};

/// The process calls itself so, or its program or command is named so: what by_name() looks for.
bool is_named(const inspect::Target& target, std::string_view name);

} // namespace tasks::discovery
