#include "capture/running_refusal.hpp"

#include <charconv>
#include <cstring>

#include "capture/kernel_setting.hpp"

namespace tasks::inspect {
namespace {

/// Who traces the process; 0: nobody, or not known.
std::uint32_t tracer_of(const World& world, std::uint32_t pid) {
    constexpr std::string_view key = "\nTracerPid:\t";
    const auto status = world.proc.read(pid, "status");
    const auto at = status ? status->find(key) : std::string::npos;
    std::uint32_t tracer = 0;
    if (at != std::string::npos) {
        std::from_chars(status->data() + at + key.size(), status->data() + status->size(), tracer);
    }
    return tracer;
}

std::string said(int error) { return std::string{": "} + std::strerror(error); }

std::string perf_words(const World& world, int error) {
    const auto paranoid = kernel_setting(world, "kernel/perf_event_paranoid");
    return "perf events are refused" + said(error) +
           (paranoid ? " (kernel.perf_event_paranoid is " + std::to_string(*paranoid) + ")" : "");
}

/// What besides the user decides: " (kernel.yama.ptrace_scope is 1)".
std::string circumstances(const World& world, std::uint32_t pid) {
    const auto scope = kernel_setting(world, "kernel/yama/ptrace_scope");
    if (const auto tracer = tracer_of(world, pid)) {
        return " (process " + std::to_string(tracer) + " traces it already)";
    }
    return scope && *scope != 0 ? " (kernel.yama.ptrace_scope is " + std::to_string(*scope) + ")" : "";
}

std::string ptrace_words(const World& world, std::uint32_t pid, int error) {
    return "ptrace is refused" + said(error) + circumstances(world, pid);
}

std::string way_out(const World& world) {
    return world.is_root() ? "; a container needs CAP_SYS_PTRACE for it"
                           : "; run as root, or give the process an agent";
}

} // namespace

std::string sentence_of(const World& world, std::uint32_t pid, const RunningRefusal& refusal) {
    std::string words = "threads that run are not captured: ";
    if (refusal.perf != 0) {
        words += perf_words(world, refusal.perf);
    }
    if (refusal.ptrace != 0) {
        words += (refusal.perf != 0 ? "; " : "") + ptrace_words(world, pid, refusal.ptrace);
    }
    return words + way_out(world);
}

std::string not_stopped_sentence(const World& world, std::uint32_t pid, int error) {
    return "the process could not be held, as --stop asks: " + ptrace_words(world, pid, error) + way_out(world);
}

} // namespace tasks::inspect
