#include "render/process_words.hpp"

#include <cstring>

#include <fmt/format.h>

#include "render/clean.hpp"
#include "render/figures.hpp"
#include "symbols/demangled_name.hpp"

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
    case AgentState::core:
        return "core";
    }
    return "unknown";
}

std::string_view word(inspect::FileKind kind) {
    switch (kind) {
    case inspect::FileKind::profile:
        return "profile";
    case inspect::FileKind::snapshot:
        return "snapshot";
    case inspect::FileKind::core:
        return "core";
    case inspect::FileKind::none:
        break;
    }
    return "";
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

namespace {

std::string at_moment(std::string_view word, std::uint64_t realtime_ns) {
    return realtime_ns == 0 ? "" : std::string{word} + moment(realtime_ns);
}

/// "; std::terminate for std::runtime_error: no route"
std::string terminated(const inspect::EndSignal& signal) {
    if (!signal.terminated) {
        return "";
    }
    const auto type = exception_name(signal);
    return "; std::terminate was called" + (type.empty() ? "" : " for " + clean(type)) +
           (signal.exception_text.empty() ? "" : ": " + clean(signal.exception_text));
}

/// "; SIGSEGV at address 0x0 struck thread 12"
std::string struck(const inspect::ProcessFacts& process) {
    if (!process.signal) {
        return "";
    }
    const auto& signal = *process.signal;
    return "; " + signal_name(signal.number) + (signal.address ? " at address " + address_text(*signal.address) : "") +
           (signal.tid == 0 ? "" : " struck thread " + std::to_string(signal.tid)) + terminated(signal);
}

std::string live_meaning(const inspect::ProcessFacts& process, std::uint64_t taken_at_realtime_ns) {
    switch (process.agent) {
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
        return "this is from a " + std::string{process.signal || process.asleep ? "crash dump" : "profile"} +
               " that it wrote" + at_moment(" at ", taken_at_realtime_ns) + struck(process) +
               (process.asleep ? "; all tasks were asleep: none could ever go on" : "");
    case AgentState::core:
        return "this is from its core, written" + at_moment(" at ", taken_at_realtime_ns) + struck(process);
    }
    return "";
}

} // namespace

std::string meaning(const inspect::ProcessFacts& process, std::uint64_t taken_at_realtime_ns) {
    const auto live = live_meaning(process, taken_at_realtime_ns);
    if (process.from.kind != inspect::FileKind::snapshot) {
        return live;
    }
    return "this is from a saved snapshot, taken" + at_moment(" at ", taken_at_realtime_ns) +
           (live.empty() ? "" : "; " + live);
}

bool is_trouble(const inspect::ProcessFacts& process) {
    return process.agent != AgentState::answers && process.agent != AgentState::none;
}

std::string exception_name(const inspect::EndSignal& signal) {
    constexpr std::string_view prefix = "typeinfo for ";
    auto name = inspect::demangled_name(("_ZTI" + signal.exception_type).c_str());
    return signal.exception_type.empty() ? ""
           : name.starts_with(prefix)    ? name.substr(prefix.size())
                                         : signal.exception_type;
}

std::string address_text(std::uint64_t address) { return fmt::format("{:#x}", address); }

std::string signal_name(std::uint32_t number) {
    const char* name = ::sigabbrev_np(static_cast<int>(number));
    return name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string{name};
}

std::string target(const inspect::ProcessFacts& process) {
    auto text = std::to_string(process.pid);
    if (process.agent == AgentState::dead) {
        text.append("@").append(std::to_string(process.start_time_ticks));
    }
    return text;
}

std::string pid_mark(const inspect::ProcessFacts& process) {
    const bool carries =
        process.agent != AgentState::dead && process.agent != AgentState::none && process.agent != AgentState::core;
    return target(process) + (carries ? "*" : "");
}

} // namespace tasks::render
