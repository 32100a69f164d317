#include "own_process.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <tasks/protocol/table_reader.hpp>

#include "capture/deadline.hpp"
#include "capture/fiber_capture.hpp"
#include "capture/memory_watch.hpp"
#include "capture/proc_modules.hpp"
#include "capture/proc_threads.hpp"
#include "capture/process_waits.hpp"
#include "capture/running_threads.hpp"
#include "capture/task_collector.hpp"
#include "capture/thread_births.hpp"
#include "own_memory.hpp"
#include "scopes.hpp"
#include "watched_threads.hpp"

namespace tasks::leaks {
namespace {

constexpr std::size_t most_maps_bytes = 32u << 20;
constexpr std::uint64_t patience_ns = 5'000'000'000; // 100,000 threads

class OwnTable final : public protocol::TableSource {
public:
    explicit OwnTable(const protocol::TableHeader& header)
        : start_(reinterpret_cast<std::uintptr_t>(&header)), bytes_(header.cap_bytes) {}

    std::int64_t read_at(std::uint64_t offset, std::span<char> into) const noexcept override {
        if (offset >= bytes_)
            return 0;
        const std::uint64_t left = bytes_ - offset;
        return static_cast<std::int64_t>(
            copy_own(start_ + offset, into.first(std::min<std::uint64_t>(into.size(), left))));
    }

private:
    std::uint64_t start_;
    std::uint64_t bytes_;
};

void take_tasks(const void* table, inspect::Snapshot& snapshot) {
    if (table == nullptr)
        return;
    const auto& header = *static_cast<const protocol::TableHeader*>(table);
    snapshot.agent_tid = header.agent_tid;
    const OwnTable source{header};
    if (auto reader = protocol::TableReader::open(source))
        inspect::collect_table(*reader, false, snapshot);
    else
        snapshot.incomplete.push_back({0, "the task table: " + reader.error().sentence});
}

/// Of a coroutine that another one awaits: of the outermost.
class Roots {
public:
    explicit Roots(const inspect::Snapshot& snapshot) {
        for (const auto& task : snapshot.tasks)
            if (const std::uint64_t by = snapshot.task_frames[task.frame].awaited_by; by != 0)
                awaited_by_.emplace(task.id, by);
    }

    std::uint64_t of(std::uint64_t id) const {
        for (std::size_t steps = 0; steps <= awaited_by_.size(); ++steps) { // a ring has no end
            const auto found = awaited_by_.find(id);
            if (found == awaited_by_.end())
                return id;
            id = found->second;
        }
        return id;
    }

private:
    std::unordered_map<std::uint64_t, std::uint64_t> awaited_by_;
};

/// The jobs of scopes that a thread is in: where its own record stands.
bool is_of_thread(const void* table, std::uint64_t id) {
    const auto* records = static_cast<const protocol::TaskRecord*>(table);
    const auto type = __atomic_load_n(&records[static_cast<std::uint32_t>(id)].head.type, __ATOMIC_RELAXED);
    return type == static_cast<std::uint8_t>(protocol::RecordType::thread);
}

/// The threads that stay: wanted ones, and those that carry a wanted task.
std::unordered_set<std::uint32_t> keep_wanted_tasks(const LeftOver& wanted, const void* table,
                                                    inspect::Snapshot& snapshot) {
    std::unordered_set<std::uint32_t> tids;
    std::unordered_set<std::uint64_t> ids{wanted.ids.begin(), wanted.ids.end()};
    for (const WatchedThread& thread : wanted.threads)
        tids.insert(thread.tid);
    const auto of_threads = tids;
    const Roots roots{snapshot};
    std::erase_if(snapshot.tasks, [&](const inspect::TaskFacts& task) {
        const bool nested = of_threads.contains(task.tid) && is_of_thread(table, task.id);
        if (!nested && !ids.contains(roots.of(task.id)))
            return true;
        if (task.tid != 0)
            tids.insert(task.tid);
        return false;
    });
    return tids;
}

std::vector<std::uint32_t> keep_wanted_threads(const std::unordered_set<std::uint32_t>& tids,
                                               const std::vector<std::uint32_t>& numbers, inspect::Snapshot& snapshot) {
    std::vector<std::uint32_t> kept;
    for (std::size_t at = 0; at < snapshot.threads.size(); ++at)
        if (tids.contains(snapshot.threads[at].tid)) {
            if (at != kept.size())
                snapshot.threads[kept.size()] = std::move(snapshot.threads[at]);
            kept.push_back(numbers[at]);
        }
    snapshot.threads.resize(kept.size());
    return kept;
}

void take_births(const LeftOver& wanted, inspect::Snapshot& snapshot) {
    snapshot.births.clear();
    std::uint32_t ended = first_ended_tid;
    for (const WatchedThread& thread : wanted.threads) {
        const std::uint32_t tid = thread.ended ? ended++ : thread.tid;
        snapshot.births.push_back({tid,
                                   thread.creator_tid,
                                   thread.born_ns,
                                   {thread.trace.pcs.begin(), thread.trace.pcs.begin() + thread.trace.count}});
        if (thread.ended)
            snapshot.threads.emplace_back().tid = tid;
    }
    std::ranges::sort(snapshot.births, {}, &inspect::BirthFacts::tid);
    inspect::give_births(snapshot);
}

void take_modules(const inspect::World& world, inspect::Snapshot& snapshot) {
    const auto maps = world.proc.read(snapshot.process.pid, "maps", most_maps_bytes);
    if (!maps)
        return snapshot.incomplete.push_back({0, "/proc/self/maps cannot be read: functions have no names"});
    snapshot.modules = inspect::parse_modules(*maps, [](std::uint64_t address, std::size_t bytes) {
        std::string copy(bytes, '\0');
        copy.resize(copy_own(address, copy));
        return copy;
    });
}

void take_process(const inspect::World& world, inspect::Snapshot& snapshot) {
    snapshot.process.pid = static_cast<std::uint32_t>(::getpid());
    snapshot.process.uid = world.euid;
    snapshot.process.name = program_invocation_short_name;
    snapshot.process.agent = inspect::AgentState::none;
    snapshot.taken_at_ns = world.clock->monotonic_ns();
    snapshot.taken_at_realtime_ns = world.clock->realtime_ns();
}

} // namespace

inspect::Snapshot capture_self(const inspect::World& world, const LeftOver& wanted) {
    const UnwatchedMakings own;
    inspect::Snapshot snapshot;
    take_process(world, snapshot);
    const void* table = Scopes::the().table();
    take_tasks(table, snapshot);
    const inspect::Deadline deadline{*world.clock, patience_ns};
    const inspect::ThreadsAsked asked{.pid = snapshot.process.pid, .agent_tid = snapshot.agent_tid, .last_ran = true};
    inspect::MemoryWatch watch;
    const auto tids = keep_wanted_tasks(wanted, table, snapshot);
    const auto all = inspect::read_threads(world, asked, deadline, watch, snapshot);
    const auto numbers = keep_wanted_threads(tids, all, snapshot);
    inspect::capture_running(world, {.pid = asked.pid, .stack_bytes = asked.stack_bytes}, deadline, watch, numbers,
                             snapshot.threads, snapshot.incomplete);
    inspect::settle_waits(world, {.pid = asked.pid}, deadline, watch, snapshot);
    inspect::capture_fibers(asked.pid, asked.stack_bytes, deadline, watch, snapshot);
    take_births(wanted, snapshot);
    take_modules(world, snapshot);
    return snapshot;
}

inspect::Snapshot capture_tables(const inspect::World& world) {
    inspect::Snapshot snapshot;
    take_process(world, snapshot);
    take_tasks(Scopes::the().table(), snapshot);
    take_modules(world, snapshot);
    return snapshot;
}

void capture_threads(const inspect::World& world, inspect::Snapshot& snapshot) {
    const UnwatchedMakings own;
    const inspect::Deadline deadline{*world.clock, patience_ns};
    const inspect::ThreadsAsked asked{.pid = snapshot.process.pid,
                                      .agent_tid = snapshot.agent_tid,
                                      .stack_bytes = static_cast<std::uint32_t>(protocol::max_stack_bytes)};
    inspect::MemoryWatch watch;
    const auto numbers = inspect::read_threads(world, asked, deadline, watch, snapshot);
    inspect::capture_running(world, {.pid = asked.pid, .stack_bytes = asked.stack_bytes}, deadline, watch, numbers,
                             snapshot.threads, snapshot.incomplete);
}

} // namespace tasks::leaks
