// SIGTERM and SIGINT as something to wait for: made before any other thread, it blocks both signals in all of them.
// The main thread alone uses it.
#pragma once

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>

#include <unistd.h>

#include <tasks/wait.hpp>

class Termination {
public:
    Termination() {
        ::sigemptyset(&signals_);
        ::sigaddset(&signals_, SIGTERM);
        ::sigaddset(&signals_, SIGINT);
        ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    }

    /// Waits until asked to end (true), or for that long (false).
    bool within(std::chrono::milliseconds patience) const {
        tasks::Wait wait{tasks::wait_reason::signal, nullptr, "SIGTERM"};
        const auto until = std::chrono::steady_clock::now() + patience;
        for (;;) {
            const auto left = std::max(until - std::chrono::steady_clock::now(), std::chrono::nanoseconds{0});
            const timespec time{std::chrono::duration_cast<std::chrono::seconds>(left).count(),
                                (left % std::chrono::seconds{1}).count()};
            if (::sigtimedwait(&signals_, nullptr, &time) > 0)
                return true;
            if (left.count() == 0)
                return false;
        }
    }

private:
    sigset_t signals_{};
};

/// Says "ready PID" and stays to be looked at until asked to end, an hour at the most.
inline void stay(const Termination& termination) {
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    termination.within(std::chrono::hours{1});
}
