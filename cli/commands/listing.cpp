#include "commands/listing.hpp"

#include <algorithm>
#include <unordered_set>

#include "analysis/analyse.hpp"
#include "capture/file_table_source.hpp"
#include "capture/table_history.hpp"

namespace tasks::commands {
namespace {

using discovery::Sighting;
using inspect::AgentState;
using inspect::ProcessRow;

/// What the table of a process without an answer says of its tasks.
struct TableCount {
    std::uint64_t registered = 0;
    std::uint64_t carrying = 0;  ///< threads that a registered task runs on
    std::uint64_t newest_ns = 0; ///< when the last of them changed its state
};

std::optional<TableCount> count_in_table(const inspect::World& world, const inspect::Target& target,
                                         std::uint64_t patience_ns) {
    if (!target.files.has_table) {
        return std::nullopt;
    }
    auto table = inspect::open_table(target.files, inspect::Deadline{*world.clock, patience_ns});
    if (!table) {
        return std::nullopt;
    }
    TableCount count;
    std::unordered_set<std::uint32_t> carrying;
    const auto totals = table->reader.each_task([&](const protocol::Task& task) {
        count.registered += task.awaited_by == 0 ? 1u : 0u; // what another awaits is a frame of that one's stack
        count.newest_ns = std::max(count.newest_ns, task.since_ns);
        if (task.tid != 0) {
            carrying.insert(task.tid);
        }
        return true;
    });
    count.carrying = carrying.size();
    return totals.damaged == 0 ? std::optional{count} : std::nullopt;
}

std::span<const protocol::HistoryEntry> history_of(const Sighting& sighting) {
    return sighting.table ? std::span<const protocol::HistoryEntry>{sighting.table->history}
                          : std::span<const protocol::HistoryEntry>{};
}

bool can_be_asked(const Sighting& sighting) {
    return sighting.target.process.agent == AgentState::answers && sighting.target.files.has_socket;
}

} // namespace

void Listing::living(const std::vector<Sighting>& sightings) {
    std::vector<const inspect::AgentFiles*> asked;
    for (const auto& sighting : sightings) {
        if (can_be_asked(sighting)) {
            asked.push_back(&sighting.target.files);
        }
    }
    const auto answers = inspect::call_roll(world_, asked, roll_patience_ns_);
    auto answer = answers.begin();
    for (const auto& sighting : sightings) {
        report_.processes.push_back(row_of(sighting.target));
        auto& row = report_.processes.back();
        if (can_be_asked(sighting)) {
            take(*answer++, row);
        } else if (row.process.agent == AgentState::answers) {
            row.process.agent = AgentState::hung; // a table, and no socket
        }
        if (row.process.agent != AgentState::answers) {
            take_table(sighting, row);
        }
        if (row.tasks) {
            const auto now_ns = world_.clock->monotonic_ns();
            row.trend_per_min = inspect::trend_per_min(history_of(sighting), now_ns, *row.tasks);
            row.grows = inspect::grows_all_along(history_of(sighting), now_ns, *row.tasks);
        }
    }
}

void Listing::dead(const std::vector<Sighting>& sightings) {
    for (const auto& sighting : sightings) {
        auto row = row_of(sighting.target);
        const auto& table = *sighting.table;
        const auto count = count_in_table(world_, sighting.target, table_patience_ns_);
        const auto last_ns = inspect::last_written_ns(table, count ? count->newest_ns : 0);
        if (last_ns > table.started_at_ns) {
            row.uptime_ns = last_ns - table.started_at_ns;
        }
        if (count) {
            row.tasks = count->registered;
            row.trend_per_min = inspect::trend_per_min(table.history, table.seen_alive_ns, count->registered);
            row.grows = inspect::grows_all_along(table.history, table.seen_alive_ns, count->registered);
        }
        report_.processes.push_back(std::move(row));
    }
}

void Listing::plain(const std::vector<inspect::Target>& targets) {
    for (const auto& target : targets) {
        auto row = row_of(target);
        row.tasks = target.threads;
        row.threads = target.threads;
        report_.processes.push_back(std::move(row));
    }
    std::ranges::sort(report_.processes, {}, [](const ProcessRow& row) { return row.process.pid; });
}

render::ListReport Listing::report(std::vector<std::string> problems) {
    problems.insert(problems.end(), problems_.begin(), problems_.end());
    report_.problems = std::move(problems);
    return std::move(report_);
}

ProcessRow Listing::row_of(const inspect::Target& target) const {
    ProcessRow row;
    row.process = target.process;
    if (row.process.agent != AgentState::dead) {
        row.uptime_ns = world_.uptime_ns(row.process.start_time_ticks);
    }
    return row;
}

void Listing::take(const Result<inspect::RollAnswer, inspect::AgentError>& answer, ProcessRow& row) {
    if (answer) {
        row.process.name = answer->name.empty() ? row.process.name : answer->name;
        row.tasks = answer->counts.tasks;
        row.threads = answer->counts.os_threads;
        return;
    }
    const auto trouble = answer.error().trouble;
    row.process.agent = trouble == inspect::AgentTrouble::refused ? AgentState::refused : AgentState::hung;
    if (trouble != inspect::AgentTrouble::silent) {
        problems_.push_back(answer.error().sentence);
    }
}

void Listing::take_table(const Sighting& sighting, ProcessRow& row) const {
    const auto threads = sighting.target.threads;
    row.threads = threads == 0 ? 0 : threads - 1; // the agent's own
    const auto count = count_in_table(world_, sighting.target, table_patience_ns_);
    if (count && *row.threads >= count->carrying) {
        row.tasks = count->registered + *row.threads - count->carrying;
    }
}

} // namespace tasks::commands
