// The vocabulary of the product as numbers: kinds, states, and the words for them, for wait reasons and for what came
// of a thread. The numbers are part of the wire format and of the table: never reused. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tasks::protocol {

enum class Kind : std::uint8_t { unknown = 0, thread = 1, coroutine = 2, fiber = 3, job = 4 };
enum class State : std::uint8_t { unknown = 0, running = 1, runnable = 2, waiting = 3, done = 4 };

/// Why a task waits. The agent's public tasks::wait_reason has the same numbers (agent/src/reason.hpp checks it).
enum class WaitReason : std::uint8_t {
    none = 0,
    unknown = 1,
    chan_send = 2,
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
    futex = 20,
    await = 21,
    nil = 22,
    not_started = 23,
    signal = 24,
    child = 25,
    lock_file = 26,
    message_queue = 27,
    job_queue = 28,
    once = 29,
};
inline constexpr auto last_wait_reason = WaitReason::once;

/// What came of one thread.
enum class Capture : std::uint8_t {
    unknown = 0,
    captured = 1,      ///< exact: the thread did not run while it was copied
    running = 2,       ///< it runs: not captured
    changing = 3,      ///< it ran between two looks, three times
    exited = 4,        ///< it ended during the capture
    not_permitted = 5, ///< /proc refuses (PR_SET_DUMPABLE=0)
    deadline = 6,      ///< its turn did not come before the deadline
    unreadable = 7,    ///< its stack could not be read
};

/// What a thread does, by what came of it; `has_registers`: it was captured as it ran. One that ran at each of three
/// looks counts as running, one whose end or refusal left nothing to judge by as unknown.
constexpr State state_of_thread(Capture capture, bool has_registers) noexcept {
    switch (capture) {
    case Capture::running:
    case Capture::changing:
        return State::running;
    case Capture::captured:
        return has_registers ? State::running : State::waiting;
    case Capture::unreadable:
        return State::waiting;
    default:
        return State::unknown;
    }
}

/// The word that people and JSON read: "thread", "waiting", "chan send". A number from a newer peer
/// that this list does not know gives "unknown". The views live for ever.
std::string_view word(Kind kind) noexcept;
std::string_view word(State state) noexcept;
std::string_view word(WaitReason reason) noexcept;
std::string_view word(Capture capture) noexcept;

/// The value with that word; nothing where no value has it.
std::optional<Kind> kind_of(std::string_view word) noexcept;
std::optional<State> state_of(std::string_view word) noexcept;
std::optional<WaitReason> wait_reason_of(std::string_view word) noexcept;
std::optional<Capture> capture_of(std::string_view word) noexcept;

/// A byte from a peer or a table as a value of the vocabulary; one this version does not know is `unknown`.
Kind kind_from(std::uint64_t number) noexcept;
State state_from(std::uint64_t number) noexcept;
WaitReason wait_reason_from(std::uint64_t number) noexcept;
Capture capture_from(std::uint64_t number) noexcept;

} // namespace tasks::protocol
