#include "commands/listing.hpp"

#include <algorithm>
#include <unordered_set>

#include "analysis/analyse.hpp"
#include "analysis/table_verdict.hpp"
#include "capture/file_table_source.hpp"
#include "capture/table_history.hpp"

namespace tasks::commands {
namespace {

using discovery::Sighting;
using inspect::AgentState;
using inspect::ProcessRow;

// A table of that many is gone through in 16 ms at most, an agent's first one in 0.09. All of a list have 10 ms, half
// of what 200 agents may take: a hundred with a few tasks. Those with the most tasks come first.
constexpr std::uint64_t most_records = 131'072;
constexpr std::uint64_t most_looks_ns = 10'000'000;

/// What a table says of its tasks.
struct TableCount {
    std::uint64_t registered = 0;
    std::uint64_t carrying = 0;  ///< threads that a registered task runs on
    std::uint64_t newest_ns = 0; ///< when the last of them changed its state
    std::optional<inspect::Verdict> verdict;
};

/// `now_ns`: 0 for a dead process, whose table tells when it was last alive.
std::optional<TableCount> count_in_table(const inspect::World& world, const inspect::Target& target,
                                         std::uint64_t now_ns, std::uint64_t patience_ns) {
    if (!target.files.has_table) {
        return std::nullopt;
    }
    auto table = inspect::open_table(target.files, inspect::Deadline{*world.clock, patience_ns});
    if (!table) {
        return std::nullopt;
    }
    TableCount count;
    std::unordered_set<std::uint32_t> carrying;
    inspect::TableVerdict verdict{now_ns != 0 ? now_ns : table->reader.facts().seen_alive_ns};
    const bool judged = table->reader.record_count() <= most_records;
    if (judged && table->reader.facts().wait_objects != 0) {
        table->reader.each_wait_object([&](const protocol::WaitObject& object) { verdict.take(object); });
    }
    const auto totals = table->reader.each_task([&](const protocol::Task& task) {
        if (judged) {
            verdict.take(task);
        }
        count.registered += task.awaited_by == 0 ? 1u : 0u; // what another awaits is a frame of that one's stack
        count.newest_ns = std::max(count.newest_ns, task.since_ns);
        if (task.tid != 0) {
            carrying.insert(task.tid);
        }
        return true;
    });
    count.carrying = carrying.size();
    if (totals.damaged != 0) {
        return std::nullopt;
    }
    if (judged) {
        table->reader.each_count([&](const protocol::SiteCounts& counts) { verdict.take(counts); });
        count.verdict = verdict.surest(table->reader.facts(), totals);
    }
    return count;
}

std::span<const protocol::HistoryEntry> history_of(const Sighting& sighting) {
    return sighting.table ? std::span<const protocol::HistoryEntry>{sighting.table->history}
                          : std::span<const protocol::HistoryEntry>{};
}

/// What the history tells is less sure than a nil wait, and surer than tasks that are stuck.
void judge(std::span<const protocol::HistoryEntry> history, std::uint64_t now_ns, ProcessRow& row) {
    const bool surer = row.verdict && *row.verdict <= inspect::Verdict::growing;
    if (!surer && row.tasks && inspect::grows_all_along(history, now_ns, *row.tasks)) {
        row.verdict = inspect::Verdict::growing;
    }
}

bool has_registered(const Result<inspect::RollAnswer, inspect::AgentError>& answer) {
    return answer && answer->counts.jobs + answer->counts.coroutines + answer->counts.fibers != 0;
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
    std::vector<Judged> judged;
    auto answer = answers.begin();
    for (const auto& sighting : sightings) {
        report_.processes.push_back(row_of(sighting.target));
        auto& row = report_.processes.back();
        if (can_be_asked(sighting)) {
            const bool registered = has_registered(*answer);
            take(*answer++, row);
            if (registered && sighting.table) {
                judged.push_back({&sighting, report_.processes.size() - 1});
            }
        } else if (row.process.agent == AgentState::answers) {
            row.process.agent = AgentState::hung; // a table, and no socket
        }
        if (row.process.agent != AgentState::answers) {
            take_table(sighting, row);
        }
        if (row.tasks) {
            const auto now_ns = world_.clock->monotonic_ns();
            row.trend_per_min = inspect::trend_per_min(history_of(sighting), now_ns, *row.tasks);
            judge(history_of(sighting), now_ns, row);
        }
    }
    take_verdicts(judged);
}

void Listing::dead(const std::vector<Sighting>& sightings) {
    for (const auto& sighting : sightings) {
        auto row = row_of(sighting.target);
        const auto& table = *sighting.table;
        const auto count = count_in_table(world_, sighting.target, 0, table_patience_ns_);
        const auto last_ns = inspect::last_written_ns(table, count ? count->newest_ns : 0);
        if (last_ns > table.started_at_ns) {
            row.uptime_ns = last_ns - table.started_at_ns;
        }
        if (count) {
            row.tasks = count->registered;
            row.trend_per_min = inspect::trend_per_min(table.history, table.seen_alive_ns, count->registered);
            row.verdict = count->verdict;
            judge(table.history, table.seen_alive_ns, row);
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
    const auto count = count_in_table(world_, sighting.target, world_.clock->monotonic_ns(), table_patience_ns_);
    if (count && *row.threads >= count->carrying) {
        row.tasks = count->registered + *row.threads - count->carrying;
        row.verdict = count->verdict;
    }
}

/// Of those that answer.
void Listing::take_verdicts(std::vector<Judged>& judged) {
    const auto began_ns = world_.clock->monotonic_ns();
    std::ranges::sort(judged, std::ranges::greater{},
                      [this](const Judged& one) { return report_.processes[one.row].tasks; });
    std::uint64_t left = 0;
    for (const auto& one : judged) {
        const auto now_ns = world_.clock->monotonic_ns();
        if (now_ns - began_ns >= most_looks_ns ||
            one.sighting->table->table_bytes > most_records * protocol::record_bytes) {
            ++left;
            continue;
        }
        auto& row = report_.processes[one.row];
        const auto count = count_in_table(world_, one.sighting->target, now_ns, table_patience_ns_);
        if (count && count->verdict && (!row.verdict || *count->verdict < *row.verdict)) {
            row.verdict = count->verdict;
        }
    }
    if (left != 0) {
        problems_.push_back(std::to_string(left) + (left == 1 ? " process was" : " processes were") +
                            " looked at for growth alone; tasks leaks PID tells more");
    }
}

} // namespace tasks::commands
