#include "borrowed_thread.hpp"

#include <pthread.h>

#include <ctime>

namespace tasks::agent {

BorrowedThread::BorrowedThread() noexcept {
    ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state_);
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    pending_before_ = ::sigpending(&pending) == 0 && ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &mask_);
}

BorrowedThread::~BorrowedThread() {
    // What a write() of ours raised is sent to this thread alone. What waited before is the host's.
    const timespec at_once{};
    while (!pending_before_ && ::sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    ::pthread_setcancelstate(cancel_state_, nullptr);
    errno = errno_;
}

} // namespace tasks::agent
