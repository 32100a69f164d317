#include "scheduler_clock.hpp"

#include <tasks/protocol/sched_file.hpp>

#include "clock.hpp"
#include "fixed_text.hpp"
#include "proc_file.hpp"

namespace tasks::agent {
namespace {

constexpr std::uint64_t comparison_life_ns = 500'000'000;

} // namespace

void SchedulerClocks::begin(int task_directory, std::uint32_t own_tid, std::span<char> buffer) noexcept {
    task_directory_ = task_directory;
    own_tid_ = own_tid;
    buffer_ = buffer;
}

void SchedulerClocks::end() noexcept {
    if (pinned_)
        ::sched_setaffinity(0, sizeof own_affinity_, &own_affinity_);
    pinned_ = false;
}

void SchedulerClocks::compare(std::size_t cpu) noexcept {
    Comparison& comparison = comparisons_[cpu];
    comparison = {.compared_at_ns = now_ns()};
    if (!pinned_ && ::sched_getaffinity(0, sizeof own_affinity_, &own_affinity_) != 0)
        return; // more than 1,024 CPUs: without the old mask nothing could be set back
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (::sched_setaffinity(0, sizeof one, &one) != 0)
        return;
    pinned_ = true;
    FixedText<32> path;
    path << own_tid_ << "/sched";
    for (int tries = 0; tries < protocol::max_clock_comparisons; ++tries) {
        comparison.compared_at_ns = now_ns();
        const std::int64_t got = read_file(task_directory_, path.c_str(), buffer_);
        const std::uint64_t took_ns = now_ns() - comparison.compared_at_ns;
        if (got <= 0)
            return;
        const auto own = protocol::exec_start_ns({buffer_.data(), static_cast<std::size_t>(got)});
        if (!own)
            return;
        comparison.offset_ns = comparison.compared_at_ns - *own;
        comparison.known = true;
        if (took_ns < protocol::longest_clock_comparison_ns)
            return;
    }
}

std::optional<std::uint64_t> SchedulerClocks::ago(std::size_t cpu, std::uint64_t exec_start,
                                                  std::uint64_t now_ns) noexcept {
    if (cpu >= max_cpus)
        return {};
    const Comparison& comparison = comparisons_[cpu];
    if (comparison.compared_at_ns == 0 || now_ns - comparison.compared_at_ns > comparison_life_ns)
        compare(cpu);
    if (!comparison.known)
        return {};
    const auto ago = static_cast<std::int64_t>(now_ns - comparison.offset_ns - exec_start);
    return ago > 0 ? static_cast<std::uint64_t>(ago) : 0;
}

} // namespace tasks::agent
