#include "borrowed_thread.hpp"

#include <pthread.h>

#include <ctime>

namespace tasks::agent {

BorrowedThread::BorrowedThread() noexcept {
    sigset_t pending;
    if (::sigpending(&pending) != 0)
        ::sigfillset(&pending);
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigemptyset(&ours_);
    for (const int signal : signals) {
        ::sigaddset(&blocked, signal);
        if (::sigismember(&pending, signal) == 0)
            ::sigaddset(&ours_, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &blocked, &mask_);
}

BorrowedThread::~BorrowedThread() {
    // What a write() of ours raised is sent to this thread alone. What waited before is the host's.
    const timespec at_once{};
    while (::sigtimedwait(&ours_, nullptr, &at_once) > 0 || errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    errno = errno_;
}

} // namespace tasks::agent
