// 40 system calls and library calls that block for ever, each ready to be called on a thread of its own.
#pragma once

#include <sys/types.h>

#include <functional>
#include <vector>

namespace targets {

struct BlockingCall {
    const char* name = "";
    std::function<long()> block; ///< 0, or not 0 and errno
};

/// What outlives a process and is to be removed: System V queues and semaphores. And a child to wait for.
struct CallResources {
    explicit CallResources(pid_t to_wait_for) : child(to_wait_for) {}
    void remove() const;

    pid_t child;
    int message_queue = -1;
    int semaphores = -1;
};

/// A child process that sleeps until its parent ends.
pid_t sleeping_child();

std::vector<BlockingCall> blocking_calls(CallResources& resources);

} // namespace targets
