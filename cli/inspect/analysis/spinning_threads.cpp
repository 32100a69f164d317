// Threads that burn a processor: ready to run in all looks and between them, never asleep, without a system call, and
// at the same functions each time. One that works is somewhere else now and then, or asks the kernel for something.
#include <algorithm>

#include "analysis/leak_verdicts.hpp"

namespace tasks::inspect {

namespace {

constexpr std::size_t least_looks = 4;
constexpr std::uint64_t least_watch_ns = 5'000'000'000;

bool never_slept(const ThreadTimes& first, const ThreadTimes& last) {
    const auto over_ns = last.read_at_ns - std::min(last.read_at_ns, first.read_at_ns);
    const auto awake_ns = last.ran_ns - first.ran_ns + (last.queued_ns - first.queued_ns);
    return first.sleeps && last.sleeps && *first.sleeps == *last.sleeps && 20 * awake_ns >= 19 * over_ns;
}

/// Nearly all of it in the program's own code: the kernel's share is counted in ticks.
bool stays_out_of_kernel(const ThreadTimes& first, const ThreadTimes& last) {
    return first.kernel_ns && last.kernel_ns && 50 * (*last.kernel_ns - *first.kernel_ns) <= last.ran_ns - first.ran_ns;
}

bool spins(std::uint32_t tid, const ThreadSight& last, std::span<const LeakLook> looks) {
    const ThreadSight* first = nullptr;
    std::size_t alike = 0;
    for (const auto& look : looks) {
        const auto seen = look.threads.find(tid);
        if (seen == look.threads.end() || seen->second.times.start_ticks != last.times.start_ticks) {
            return false;
        }
        first = first == nullptr ? &seen->second : first;
        if (!seen->second.at.empty()) {
            if (seen->second.at != last.at) {
                return false;
            }
            ++alike;
        }
    }
    return alike >= least_looks - 1 && never_slept(first->times, last.times) &&
           stays_out_of_kernel(first->times, last.times);
}

} // namespace

std::vector<std::uint32_t> spinning_threads(std::span<const LeakLook> looks) {
    std::vector<std::uint32_t> found;
    if (looks.size() < least_looks || looks.back().at_ns - looks.front().at_ns < least_watch_ns) {
        return found;
    }
    for (const auto& [tid, sight] : looks.back().threads) {
        if (!sight.at.empty() && spins(tid, sight, looks)) {
            found.push_back(tid);
        }
    }
    std::ranges::sort(found);
    return found;
}

} // namespace tasks::inspect
