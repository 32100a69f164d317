// Which coroutine the next operation belongs to: open from the moment a coroutine suspends until the operation that it
// waits for has begun, and from the moment an operation completes until its coroutine goes on. One a thread, written
// and read by that thread alone. Holds ids, not addresses that must be valid: the coroutine may be gone, elsewhere,
// before its window is closed here. Part of <tasks/asio.hpp>.
#pragma once

#include <cstdint>

#include <tasks/export.h>
#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>

namespace tasks::asio_adapter {

struct Window {
    bool open = false;
    TaskReference task{};               // none: a coroutine that is not registered, or one of Asio's own
    const void* frame = nullptr;        // Asio's frame of it: what an awaited coroutine knows as its caller
    const TaskHandle* handle = nullptr; // valid only for a coroutine whose caller is `frame`

    void close() noexcept {
        open = false;
        frame = nullptr;
    }
};

/// Exported, so that coroutines of two libraries share it.
TASKS_EXPORT inline thread_local Window window;

} // namespace tasks::asio_adapter
