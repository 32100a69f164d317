// While a thread of the host's works for the agent: it is not cancelled in the middle (write() and poll() are
// cancellation points, and nothing of ours may be unwound), a pipe that nobody reads any more is EPIPE and not a deadly
// signal, and errno stays the host's. Undone by the destructor, on the same thread.
#pragma once

#include <signal.h>

#include <cerrno>

namespace tasks::agent {

class BorrowedThread {
public:
    BorrowedThread() noexcept;
    ~BorrowedThread();
    BorrowedThread(const BorrowedThread&) = delete;
    BorrowedThread& operator=(const BorrowedThread&) = delete;

private:
    int errno_ = errno;
    int cancel_state_ = 0;
    sigset_t pipe_{};
    sigset_t mask_{};
    bool pending_before_ = false;
};

} // namespace tasks::agent
