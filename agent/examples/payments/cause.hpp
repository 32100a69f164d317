// The causes of leaks that this service can be asked for, each with its repair. Each has a file of its name.
#pragma once

#include <array>
#include <stop_token>
#include <string_view>

#include "stuck.hpp"

struct Cause {
    std::string_view name;
    /// Handles one request on threads of its own and leaves one or more of them behind for ever.
    void (*leak)(Stuck& stuck);
    /// Handles one request on the calling thread and leaves nothing behind.
    void (*repaired)(const std::stop_token& stop);
};

void leak_by_send_without_receiver(Stuck& stuck);
void leak_by_receive_without_sender(Stuck& stuck);
void leak_by_nil_channel(Stuck& stuck);
void leak_by_mutex(Stuck& stuck);
void leak_by_busy_loop(Stuck& stuck);
void leak_by_sleep_loop(Stuck& stuck);
void leak_by_io_without_timeout(Stuck& stuck);

void send_with_receiver(const std::stop_token& stop);
void receive_with_sender(const std::stop_token& stop);
void made_channel(const std::stop_token& stop);
void unlocked_mutex(const std::stop_token& stop);
void ended_loop(const std::stop_token& stop);
void ended_sleep(const std::stop_token& stop);
void io_with_timeout(const std::stop_token& stop);

inline constexpr std::array causes{
    Cause{"send-without-receiver", leak_by_send_without_receiver, send_with_receiver},
    Cause{"receive-without-sender", leak_by_receive_without_sender, receive_with_sender},
    Cause{"nil-channel", leak_by_nil_channel, made_channel},
    Cause{"mutex", leak_by_mutex, unlocked_mutex},
    Cause{"busy-loop", leak_by_busy_loop, ended_loop},
    Cause{"sleep-loop", leak_by_sleep_loop, ended_sleep},
    Cause{"io-without-timeout", leak_by_io_without_timeout, io_with_timeout},
};
