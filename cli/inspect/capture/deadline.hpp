// A moment after which nobody waits any more. Value; the clock must outlive it.
#pragma once

#include <cstdint>
#include <limits>

#include "capture/world.hpp"

namespace tasks::inspect {

class Deadline {
public:
    Deadline(const Clock& clock, std::uint64_t from_now_ns) : Deadline(&clock, clock.monotonic_ns(), from_now_ns) {}

    bool passed() const { return left_ns() == 0; }
    std::uint64_t left_ns() const {
        const auto now = clock_->monotonic_ns();
        return now >= at_ns_ ? 0 : at_ns_ - now;
    }
    /// For poll(): rounded up, so that a wait never ends just before the deadline and spins.
    int left_ms() const {
        const auto left = (left_ns() + 999'999) / 1'000'000;
        return left > max_wait_ms ? max_wait_ms : static_cast<int>(left);
    }

private:
    static constexpr int max_wait_ms = 3'600'000;
    Deadline(const Clock* clock, std::uint64_t now_ns, std::uint64_t from_now_ns)
        : clock_(clock),
          at_ns_(from_now_ns > std::numeric_limits<std::uint64_t>::max() - now_ns ? ~0ull : now_ns + from_now_ns) {}

    const Clock* clock_;
    std::uint64_t at_ns_;
};

} // namespace tasks::inspect
