#include "watchdog.hpp"

#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstdlib>

#include "crash_process.hpp"

namespace tasks::agent {

std::uint64_t Watchdog::run(std::uint64_t now_ns) noexcept {
    if (now_ns < next_ns_ || !sleepers_)
        return sleepers_ ? next_ns_ : UINT64_MAX;
    const auto look = sleepers_.look();
    if (look && look == before_) {
        bark();
        next_ns_ = UINT64_MAX;
        return next_ns_;
    }
    before_ = look;
    next_ns_ = now_ns + interval_ns;
    return next_ns_;
}

void Watchdog::bark() noexcept {
    CrashFacts facts;
    facts.asleep = true;
    CrashProcess::dump(facts, nullptr);
    if (then_ == WhenAsleep::abort)
        std::abort();
}

} // namespace tasks::agent
