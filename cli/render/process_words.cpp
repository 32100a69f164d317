#include "render/process_words.hpp"

#include "render/figures.hpp"

namespace tasks::render {

using inspect::AgentState;

std::string_view word(AgentState state) {
    switch (state) {
    case AgentState::answers:
        return "answers";
    case AgentState::hung:
        return "hung";
    case AgentState::stopped:
        return "stopped";
    case AgentState::refused:
        return "refused";
    case AgentState::dead:
        return "dead";
    case AgentState::none:
        return "without an agent";
    case AgentState::profile:
        return "profile";
    }
    return "unknown";
}

std::string_view word(inspect::RunningBy by) {
    switch (by) {
    case inspect::RunningBy::signal:
        return "signal";
    case inspect::RunningBy::perf_sample:
        return "perf sample";
    case inspect::RunningBy::ptrace:
        return "ptrace";
    case inspect::RunningBy::none:
        break;
    }
    return "";
}

std::string meaning(AgentState state, std::uint64_t taken_at_realtime_ns) {
    switch (state) {
    case AgentState::answers:
        return "";
    case AgentState::hung:
        return "hung: its agent did not answer in time; this is from its table and /proc";
    case AgentState::stopped:
        return "stopped by a signal; this is from its table and /proc";
    case AgentState::refused:
        return "its agent refused to answer; run as its user or as root";
    case AgentState::dead:
        return "dead; this is what it last registered";
    case AgentState::none:
        return "this process has no agent: this is from /proc and its memory";
    case AgentState::profile:
        return "this is from a profile that it wrote" +
               (taken_at_realtime_ns == 0 ? "" : " at " + moment(taken_at_realtime_ns));
    }
    return "";
}

std::string target(const inspect::ProcessFacts& process) {
    auto text = std::to_string(process.pid);
    if (process.agent == AgentState::dead) {
        text.append("@").append(std::to_string(process.start_time_ticks));
    }
    return text;
}

std::string pid_mark(const inspect::ProcessFacts& process) {
    const bool carries = process.agent != AgentState::dead && process.agent != AgentState::none;
    return target(process) + (carries ? "*" : "");
}

} // namespace tasks::render
