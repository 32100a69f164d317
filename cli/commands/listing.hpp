// The rows of `tasks list`: all agents are asked at once; of one that does not answer the table tells, of a process
// without one /proc. Used once; one thread at a time.
#pragma once

#include <string>
#include <vector>

#include "capture/agent_client.hpp"
#include "capture/roll_call.hpp"
#include "discovery/survey.hpp"
#include "render/render.hpp"

namespace tasks::commands {

class Listing {
public:
    Listing(const inspect::World& world, std::uint64_t timeout_ns)
        : world_(world), roll_patience_ns_(timeout_ns / 4), table_patience_ns_(timeout_ns / 4) {}

    void living(const std::vector<discovery::Sighting>& sightings);
    void dead(const std::vector<discovery::Sighting>& sightings);
    /// Processes without an agent: their threads are their tasks.
    void plain(const std::vector<inspect::Target>& targets);

    /// By pid, but the dead as they came.
    render::ListReport report(std::vector<std::string> problems);

private:
    inspect::ProcessRow row_of(const inspect::Target& target) const;
    void take(const Result<inspect::RollAnswer, inspect::AgentError>& answer, inspect::ProcessRow& row);
    void take_table(const discovery::Sighting& sighting, inspect::ProcessRow& row) const;

    /// A process whose tasks are looked at, and the number of its row.
    struct Judged {
        const discovery::Sighting* sighting;
        std::size_t row;
    };
    void take_verdicts(std::vector<Judged>& judged);

    const inspect::World& world_;
    std::uint64_t roll_patience_ns_;
    std::uint64_t table_patience_ns_;
    render::ListReport report_;
    std::vector<std::string> problems_;
};

} // namespace tasks::commands
