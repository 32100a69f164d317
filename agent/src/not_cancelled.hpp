// While a thread of the host's is in code of ours that makes system calls: pthread_cancel() takes no effect before the
// scope ends. Many of them are cancellation points, and an unwinding that meets one of our noexcept functions would end
// the host. No system call of its own; on the same thread.
#pragma once

#include <pthread.h>

namespace tasks::agent {

class NotCancelled {
public:
    NotCancelled() noexcept { ::pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~NotCancelled() { ::pthread_setcancelstate(before_, nullptr); }
    NotCancelled(const NotCancelled&) = delete;
    NotCancelled& operator=(const NotCancelled&) = delete;

private:
    int before_ = PTHREAD_CANCEL_ENABLE;
};

} // namespace tasks::agent
