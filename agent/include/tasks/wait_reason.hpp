// The reasons that a task can wait for, as the host names them in tasks::Wait. The numbers are part of the wire
// format and of the table: they are never reused.
#pragma once

#include <cstdint>

namespace tasks {

enum class wait_reason : std::uint8_t {
    none = 0,      ///< it does not wait
    unknown = 1,   ///< it waits, nobody knows why
    chan_send = 2, ///< for somebody to receive what it sends
    chan_receive = 3,
    select = 4,
    mutex = 5,
    rwlock_read = 6,
    rwlock_write = 7,
    cond = 8,
    semaphore = 9,
    barrier = 10,
    join = 11,
    future = 12,
    sleep = 13,
    timer = 14,
    io_read = 15,
    io_write = 16,
    io_accept = 17,
    io_connect = 18,
    poll = 19,
    futex = 20, ///< a futex, no better known
    await = 21, ///< another task
    nil = 22,   ///< nothing can end it
    not_started = 23,
    signal = 24,
    child = 25, ///< a child process
    lock_file = 26,
    message_queue = 27,
    job_queue = 28, ///< a worker, for work to do
    once = 29,      ///< what is done once, by another: std::call_once, a static variable
};

} // namespace tasks
