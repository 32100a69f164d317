#include "capture/agent_capture.hpp"

#include <algorithm>
#include <span>

#include "capture/fiber_capture.hpp"
#include "capture/file_table_source.hpp"
#include "capture/memory_hangs.hpp"
#include "capture/process_waits.hpp"
#include "capture/running_threads.hpp"
#include "capture/task_collector.hpp"
#include "capture/thread_births.hpp"
#include "capture/thread_skew.hpp"

namespace tasks::inspect {
namespace {

using protocol::MessageType;

/// Twice what an agent lists, and what the kernel maps unless told otherwise (vm.max_map_count). An agent that lies
/// takes 2 bytes on the wire for what takes hundreds in our memory.
constexpr std::size_t max_threads = 131'072;
constexpr std::size_t max_modules = 65'530;

ThreadFacts facts_of(const protocol::ThreadStack& thread) {
    ThreadFacts facts;
    facts.tid = thread.tid;
    facts.name = thread.name;
    facts.capture = thread.capture;
    facts.syscall = thread.syscall;
    facts.arguments = thread.arguments;
    facts.sp = thread.sp;
    facts.pc = thread.pc;
    facts.stack = thread.stack;
    facts.stack_cut = thread.stack_cut;
    facts.last_ran_ago_ns = thread.last_ran_ago_ns;
    facts.taken_at_ns = thread.taken_at_ns;
    facts.wait_channel = thread.wait_channel;
    facts.registers.assign(thread.registers.begin(),
                           thread.registers.begin() +
                               std::min<std::ptrdiff_t>(thread.register_count, std::ssize(thread.registers)));
    facts.running_by = facts.captured_running() ? RunningBy::signal : RunningBy::none;
    return facts;
}

VitalFacts facts_of(const protocol::VitalsAnswer& answer) {
    VitalFacts facts;
    facts.tasks = answer.tasks;
    facts.os_threads = answer.os_threads;
    facts.usable_cpus = answer.usable_cpus;
    facts.num_cpus = answer.num_cpus;
    facts.jobs_started = answer.jobs_started;
    facts.jobs_ended = answer.jobs_ended;
    facts.jobs_last_minute = answer.jobs_last_minute;
    facts.jobs_dropped = answer.jobs_dropped;
    facts.coroutines = answer.coroutines;
    facts.fibers = answer.fibers;
    facts.rss_bytes = answer.rss_bytes;
    facts.peak_rss_bytes = answer.peak_rss_bytes;
    facts.stack_bytes = answer.stack_bytes;
    facts.switches_voluntary = answer.switches_voluntary;
    facts.switches_involuntary = answer.switches_involuntary;
    facts.fds = answer.fds;
    facts.uptime_ns = answer.uptime_ns;
    facts.queues.emplace();
    const auto told = std::min<std::size_t>(answer.queue_count, answer.queues.size());
    for (const auto& [name, depth] : std::span{answer.queues}.first(told)) {
        facts.queues->push_back({std::string{name}, depth});
    }
    facts.queues_left_out = answer.queues_left_out;
    return facts;
}

/// Reads each part of an answer as that message and hands it on.
template <class Answer, class Use> AgentClient::Take parts_of(Use use) {
    return [use](std::string_view payload) -> std::optional<std::string> {
        const auto answer = protocol::read<Answer>(payload);
        if (!answer) {
            return "its answer cannot be read: " + answer.error().sentence;
        }
        use(*answer);
        return std::nullopt;
    };
}

/// One conversation with one agent.
class Conversation {
public:
    Conversation(AgentClient agent, const Deadline& deadline, Snapshot& snapshot)
        : agent_(std::move(agent)), deadline_(deadline), snapshot_(snapshot) {}

    std::optional<AgentError> counts() {
        return ask<protocol::CountsRequest, protocol::CountsAnswer>({}, [this](const protocol::CountsAnswer& answer) {
            snapshot_.vitals.tasks = answer.tasks;
            snapshot_.vitals.os_threads = answer.os_threads;
            snapshot_.vitals.jobs_dropped = answer.jobs_dropped;
            snapshot_.vitals.coroutines = answer.coroutines;
            snapshot_.vitals.fibers = answer.fibers;
        });
    }

    std::optional<AgentError> figures() {
        return ask<protocol::VitalsRequest, protocol::VitalsAnswer>(
            {}, [this](const protocol::VitalsAnswer& answer) { snapshot_.vitals = facts_of(answer); });
    }

    std::optional<AgentError> tasks() {
        TaskCollector collector{snapshot_};
        std::uint64_t unreadable = 0;
        auto error = ask<protocol::TasksRequest, protocol::TasksAnswer>({}, [&](const protocol::TasksAnswer& answer) {
            std::ranges::for_each(answer.sites, [&](const auto& site) { collector.add(site); });
            std::ranges::for_each(answer.tasks, [&](const auto& task) { collector.add(task); });
            unreadable += std::min(answer.unreadable, max_tasks - unreadable);
        });
        if (unreadable != 0) {
            snapshot_.incomplete.push_back(
                {0, std::to_string(unreadable) + " tasks changed at every look and are left out"});
        }
        collector.finish();
        return error;
    }

    std::optional<AgentError> threads(const CaptureOptions& options) {
        const protocol::StacksRequest request{options.stack_bytes, {}, !options.last_ran};
        auto error = ask<protocol::StacksRequest, protocol::StacksAnswer>(
            request, [this](const protocol::StacksAnswer& answer) { add(answer); });
        snapshot_.threads_known = !error;
        if (left_out_ != 0) {
            snapshot_.incomplete.push_back({0, std::to_string(left_out_) + " threads and modules are left out: more " +
                                                   "than any process has were told"});
        }
        snapshot_.skew_ns = skew_of(snapshot_.threads);
        return error;
    }

private:
    template <class Request, class Answer, class Use> std::optional<AgentError> ask(const Request& request, Use use) {
        return agent_.ask(protocol::type_of<Request>, protocol::write(request), protocol::type_of<Answer>,
                          parts_of<Answer>(std::move(use)), deadline_);
    }

    void add(const protocol::StacksAnswer& answer) {
        snapshot_.agent_tid = answer.agent_tid;
        for (const auto& module : answer.modules) {
            if (has_room(snapshot_.modules, max_modules)) {
                snapshot_.modules.push_back({module.start, module.end, module.file_offset, std::string{module.path},
                                             std::string{module.build_id}});
            }
        }
        for (const auto& thread : answer.threads) {
            if (thread.tid != answer.agent_tid && has_room(snapshot_.threads, max_threads)) {
                snapshot_.threads.push_back(facts_of(thread));
            }
        }
    }

    template <class Elements> bool has_room(const Elements& elements, std::size_t most) {
        left_out_ += elements.size() < most ? 0u : 1u;
        return elements.size() < most;
    }

    AgentClient agent_;
    const Deadline& deadline_;
    Snapshot& snapshot_;
    std::uint64_t left_out_ = 0;
};

/// The tasks out of the table file; false: it cannot be opened.
bool tasks_from_table(const AgentFiles& files, bool past, const Deadline& deadline, Snapshot& snapshot) {
    if (!files.has_table) {
        return false;
    }
    auto table = open_table(files, deadline);
    if (!table) {
        snapshot.incomplete.push_back({0, table.error().sentence + "; the agent was asked instead"});
        return false;
    }
    // The agent's own figures count births and deaths too, and are newer.
    const auto figures = snapshot.vitals;
    collect_table(table->reader, past, snapshot);
    if (figures.jobs_started) {
        snapshot.vitals = figures;
    }
    return true;
}

/// A deadline that passes in the middle leaves what there is; anything else that goes wrong ends the capture.
std::optional<AgentError> keep_going(std::optional<AgentError> error, std::string_view what, Snapshot& snapshot) {
    if (!error || error->trouble != AgentTrouble::silent) {
        return error;
    }
    snapshot.incomplete.push_back({0, std::string{what} + " did not come whole before the deadline"});
    return std::nullopt;
}

std::optional<AgentError> converse(Conversation& agent, const AgentFiles& files, const CaptureOptions& options,
                                   const Deadline& deadline, Snapshot& snapshot) {
    // The first answer must come: an agent that greets and then says nothing hangs.
    if (auto error = options.figures ? agent.figures() : agent.counts()) {
        return error;
    }
    if (options.tasks && !tasks_from_table(files, options.past, deadline, snapshot)) {
        if (auto error = keep_going(agent.tasks(), "the list of tasks", snapshot)) {
            return error;
        }
    }
    return options.threads ? keep_going(agent.threads(options), "the list of threads", snapshot) : std::nullopt;
}

/// Threads that run, of a process that has given its agent no signal to capture them by.
void capture_rest(const World& world, const Target& target, const CaptureOptions& options, const Deadline& deadline,
                  MemoryWatch& watch, Snapshot& snapshot) {
    std::vector<std::uint32_t> tids;
    for (const auto& thread : snapshot.threads) {
        tids.push_back(thread.tid);
    }
    capture_running(world, {target.process.pid, options.stack_bytes, options.touch}, deadline, watch, tids,
                    snapshot.threads, snapshot.incomplete);
    snapshot.skew_ns = skew_of(snapshot.threads);
}

} // namespace

Result<Snapshot, AgentError> capture_from_agent(const World& world, const Target& target,
                                                const CaptureOptions& options) {
    const Deadline deadline{*world.clock, options.answer_ns};
    auto agent = AgentClient::meet(target.files, Deadline{*world.clock, options.hello_ns});
    if (!agent) {
        return Failure{agent.error()};
    }
    Snapshot snapshot;
    snapshot.process = target.process;
    snapshot.process.agent = AgentState::answers;
    if (!agent->name().empty()) {
        snapshot.process.name = agent->name();
    }
    snapshot.taken_at_ns = world.clock->monotonic_ns();
    snapshot.taken_at_realtime_ns = world.clock->realtime_ns();
    Conversation conversation{*std::move(agent), deadline, snapshot};
    if (auto error = converse(conversation, target.files, options, deadline, snapshot)) {
        return Failure{*std::move(error)};
    }
    give_births(snapshot);
    if (options.threads && options.stack_bytes != 0) {
        const WaitsAsked waits{target.process.pid, target.files.inner_pid == target.process.pid};
        MemoryWatch watch;
        if (waits.own_pid_namespace) {
            capture_rest(world, target, options, deadline, watch, snapshot);
        }
        read_waits(world, waits, deadline, watch, snapshot);
        settle_waits(world, waits, deadline, watch, snapshot);
        capture_fibers(target.process.pid, options.stack_bytes, deadline, watch, snapshot);
        tell_hangs(world, watch, snapshot);
    }
    return snapshot;
}

} // namespace tasks::inspect
