// The causes of leaks as coroutines have them, each with its repair. Each has a file: NAME_never_...
#pragma once

#include <array>
#include <string_view>

#include <boost/asio/awaitable.hpp>

struct CoroutineCause {
    using Request = boost::asio::awaitable<void> (*)();

    std::string_view name;
    Request leak;     ///< handles one request and leaves coroutines behind for ever
    Request repaired; ///< handles one request and leaves nothing behind
};

namespace coroutines {

using Handled = boost::asio::awaitable<void>;

Handled send_never_received();
Handled receive_never_sent();
Handled channel_never_made();
Handled mutex_never_unlocked();
Handled loop_never_settled();
Handled sleep_never_ended();
Handled read_never_answered();
Handled generator_never_finished();
Handled answer_never_taken();

Handled send_with_room();
Handled receive_until_closed();
Handled channel_made();
Handled mutex_unlocked();
Handled loop_with_limit();
Handled sleep_until_deadline();
Handled read_with_timeout();
Handled generator_destroyed();
Handled call_with_timeout();

inline constexpr std::array causes{
    CoroutineCause{"send-without-receiver", send_never_received, send_with_room},
    CoroutineCause{"receive-without-sender", receive_never_sent, receive_until_closed},
    CoroutineCause{"nil-channel", channel_never_made, channel_made},
    CoroutineCause{"mutex", mutex_never_unlocked, mutex_unlocked},
    CoroutineCause{"busy-loop", loop_never_settled, loop_with_limit},
    CoroutineCause{"sleep-loop", sleep_never_ended, sleep_until_deadline},
    CoroutineCause{"io-without-timeout", read_never_answered, read_with_timeout},
    CoroutineCause{"abandoned-generator", generator_never_finished, generator_destroyed},
    CoroutineCause{"late-answer", answer_never_taken, call_with_timeout},
};

} // namespace coroutines
