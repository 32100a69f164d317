#include "capture/capture.hpp"

#include <algorithm>

#include "capture/agent_capture.hpp"
#include "capture/memory_limit.hpp"
#include "capture/table_capture.hpp"
#include "capture/thread_times.hpp"

namespace tasks::inspect {
namespace {

constexpr std::uint64_t least_ns = 100'000'000; ///< for the look from outside, however late it is

Result<Snapshot, Error> without_agent(const World& world, const Target& target, AgentState state, std::string why,
                                      CaptureOptions options, std::uint64_t started_ns) {
    const auto spent = world.clock->monotonic_ns() - started_ns;
    options.answer_ns = std::max(least_ns, options.answer_ns > spent ? options.answer_ns - spent : 0);
    options.tasks = true; // the number of tasks, which an agent just knows, is counted from them
    auto snapshot = capture_from_table(world, target, state, options);
    if (snapshot && !why.empty()) {
        snapshot->incomplete.push_back({0, std::move(why)});
        std::rotate(snapshot->incomplete.begin(), snapshot->incomplete.end() - 1, snapshot->incomplete.end());
    }
    return snapshot;
}

Result<Snapshot, Error> after_failure(const World& world, const Target& target, AgentError error,
                                      const CaptureOptions& options, std::uint64_t started_ns) {
    if (error.trouble == AgentTrouble::broken || !target.files.has_table) {
        return Failure{to_error(error)};
    }
    const auto state = error.trouble == AgentTrouble::refused ? AgentState::refused : AgentState::hung;
    return without_agent(world, target, state, std::move(error.sentence), options, started_ns);
}

Result<Snapshot, Error> capture_best(const World& world, const Target& target, const CaptureOptions& options) {
    const auto started = world.clock->monotonic_ns();
    // Of a dead or stopped one there is nobody to ask, and in one that is held its agent's thread will stand still too.
    if (target.process.agent != AgentState::answers || options.stop) {
        return without_agent(world, target, target.process.agent, "", options, started);
    }
    if (!target.files.has_socket) {
        return without_agent(world, target, AgentState::hung, "its agent has no socket", options, started);
    }
    auto asked = capture_from_agent(world, target, options);
    return asked.ok() ? Result<Snapshot, Error>{*std::move(asked)}
                      : after_failure(world, target, std::move(asked.error()), options, started);
}

} // namespace

Result<Snapshot, Error> capture(const World& world, const Target& target, const CaptureOptions& options) {
    auto snapshot = capture_best(world, target, options);
    const bool lives = snapshot && snapshot->process.agent != AgentState::dead;
    if (lives && options.times) {
        read_thread_times(world, target, Deadline{*world.clock, options.answer_ns}, *snapshot);
    }
    if (lives && options.past) {
        snapshot->memory_limit = memory_limit(world, target.process.pid);
    }
    return snapshot;
}

} // namespace tasks::inspect
