#include "capture/scheduler_clocks.hpp"

#include <tasks/protocol/sched_file.hpp>

namespace tasks::inspect {

SchedulerClocks::~SchedulerClocks() {
    if (pinned_) {
        ::sched_setaffinity(0, sizeof own_affinity_, &own_affinity_);
    }
}

std::optional<std::uint64_t> SchedulerClocks::compare(std::uint32_t cpu) {
    // On machines of more than 1,024 CPUs our own mask does not fit, and could not be set back.
    if (cpu >= CPU_SETSIZE || (!pinned_ && ::sched_getaffinity(0, sizeof own_affinity_, &own_affinity_) != 0)) {
        return std::nullopt;
    }
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0) {
        return std::nullopt;
    }
    pinned_ = true;
    std::optional<std::uint64_t> offset;
    for (int tries = 0; tries < protocol::max_clock_comparisons; ++tries) {
        const auto now = world_.clock->monotonic_ns();
        const auto text = world_.proc.read("thread-self/sched");
        const auto own = text ? protocol::exec_start_ns(*text) : std::nullopt;
        if (!own) {
            return std::nullopt;
        }
        offset = now - *own;
        if (world_.clock->monotonic_ns() - now < protocol::longest_clock_comparison_ns) {
            break;
        }
    }
    return offset;
}

std::optional<std::uint64_t> SchedulerClocks::ago(std::uint32_t cpu, std::uint64_t exec_start_ns) {
    auto known = offsets_.find(cpu);
    if (known == offsets_.end()) {
        known = offsets_.emplace(cpu, compare(cpu)).first;
    }
    if (!known->second) {
        return std::nullopt;
    }
    const auto ago = static_cast<std::int64_t>(world_.clock->monotonic_ns() - *known->second - exec_start_ns);
    return ago > 0 ? static_cast<std::uint64_t>(ago) : 0; // read a moment after the clocks were compared
}

} // namespace tasks::inspect
