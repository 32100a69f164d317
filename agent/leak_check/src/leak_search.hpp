// The look that is taken again and again, until nothing is left or the time is up. Any thread; searches of several
// tests run at once, but for their descriptions.
#pragma once

#include <tasks/leak_check.hpp>

#include "leak_options.hpp"
#include "left_over.hpp"

namespace tasks::leaks {

/// Sleeps as goleak does between looks: 1 us, 2 us, ... 65 ms, then 100 ms each; 21 looks within 431 ms.
class Backoff {
public:
    static constexpr int most_sleeps = 20;

    explicit Backoff(const Options& options);
    /// Sleeps before the next look; false: the time is up, nobody slept.
    bool sleep();
    int sleeps() const noexcept { return sleeps_; }

private:
    const Options& options_;
    std::chrono::steady_clock::time_point until_;
    int sleeps_ = 0;
};

/// `found`: what is told in the report, which is not to be told again.
LeakReport search(const LookedFor& asked, const Options& options, LeftOver* found = nullptr);

} // namespace tasks::leaks
