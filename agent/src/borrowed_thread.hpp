// While a thread of the host's writes for the agent: it is not cancelled in the middle, a pipe that nobody reads any
// more is EPIPE and a file that outgrows RLIMIT_FSIZE is EFBIG, not a deadly signal, and errno stays the host's. Undone
// by the destructor, on the same thread.
#pragma once

#include <signal.h>

#include <array>
#include <cerrno>

#include "not_cancelled.hpp"

namespace tasks::agent {

class BorrowedThread {
public:
    BorrowedThread() noexcept;
    ~BorrowedThread();
    BorrowedThread(const BorrowedThread&) = delete;
    BorrowedThread& operator=(const BorrowedThread&) = delete;

private:
    static constexpr std::array signals{SIGPIPE, SIGXFSZ};

    int errno_ = errno;
    NotCancelled scope_;
    sigset_t mask_{};
    sigset_t ours_{}; ///< of the signals, those that did not wait before
};

} // namespace tasks::agent
