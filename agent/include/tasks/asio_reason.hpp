// What an operation of Asio's waits for, told from the two names that Asio gives it in its handler tracking: the kind
// of object ("socket") and the operation ("async_receive"). No state; part of <tasks/asio.hpp>.
#pragma once

#include <string_view>

#include <tasks/wait_reason.hpp>

namespace tasks::asio_adapter {

/// A handler in an executor's queue (post, dispatch, defer, execute) waits for a thread. What is not known waits for
/// something outside of the program's code: a name to be resolved, an operation of a later Asio. Inlined, so that it is
/// a number where the names are known.
[[gnu::always_inline]] constexpr wait_reason reason_of(std::string_view object, std::string_view operation) noexcept {
    constexpr std::string_view async = "async_";
    if (operation.substr(0, async.size()) != async)
        return wait_reason::job_queue;
    operation.remove_prefix(async.size());
    switch (operation.empty() ? '\0' : operation.front()) {
    case 'a':
        return wait_reason::io_accept;
    case 'c':
        return wait_reason::io_connect;
    case 'r':
        if (operation == "resolve")
            return wait_reason::await;
        return object == "channel" ? wait_reason::chan_receive : wait_reason::io_read;
    case 's':
        return object == "channel" ? wait_reason::chan_send : wait_reason::io_write;
    case 'w':
        if (operation != "wait")
            return wait_reason::io_write;
        if (object == "deadline_timer")
            return wait_reason::timer;
        return object == "signal_set" ? wait_reason::signal : wait_reason::poll;
    default:
        return wait_reason::unknown;
    }
}

} // namespace tasks::asio_adapter
