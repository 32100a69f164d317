// What a suspended coroutine waits for, told by names: of Asio's operation that is the innermost frame of its chain, or
// of the type that it awaits. Asio (Boost 1.74 to 1.81, and without Boost) puts frames of its own at both ends of a
// chain: outermost co_spawn_entry_point, innermost one of async_result<use_awaitable_t..>, whose template argument is
// the operation. Pure functions, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <tasks/protocol/vocabulary.hpp>

namespace tasks::inspect {

/// Which frame of Asio's own a coroutine function is.
enum class AsioFrame { none, entry, operation };
AsioFrame asio_frame(std::string_view function);

/// What is waited for, and its name: "basic_waitable_timer::async_wait".
struct CoroutineWait {
    protocol::WaitReason reason = protocol::WaitReason::unknown;
    std::string operation; ///< "" has none
    bool inferred = false; ///< not proven

    bool operator==(const CoroutineWait&) const = default;
};

/// Of a function that is AsioFrame::operation.
CoroutineWait wait_of_operation(std::string_view function);

/// Of Asio's operators || and && of awaitables, which await these; of other functions nothing is known.
CoroutineWait wait_of_group(std::string_view function);

/// Of the type of what is awaited; its words judge: "MutexLockAwaiter", "channel<int>::receive_op".
CoroutineWait wait_of_awaiter(std::string_view type);

} // namespace tasks::inspect
