// Which argument of a blocking system call is what: the fd, how many fds, the futex, how long. The one table of that
// is in the .cpp; what each call waits for is protocol/src/syscall_waits.cpp. x86_64. Pure, any thread.
#pragma once

#include <array>
#include <cstdint>

namespace tasks::inspect {

/// How a call tells how long it waits.
enum class TimeForm : std::uint8_t {
    for_ever,     ///< it does not: nothing ends it but what it waits for
    milliseconds, ///< `time` is their number
    timespec,     ///< `time` is the address of a struct timespec
    timeval,      ///< `time` is the address of a struct timeval
    deadline,     ///< `time` is the address of a struct timespec, a moment of the clock `clock`
};

/// How a call tells how many fds it waits for.
enum class FdsForm : std::uint8_t {
    none,
    count, ///< `fds` is their number
    sets,  ///< below fd `fds`: the bits of up to three fd_set, `sets` are their addresses
    epoll, ///< `fd` is an epoll instance
};

/// The arguments of one call, sorted out. Addresses are the target's, any value may be there.
struct WaitArguments {
    int fd = -1; ///< -1: none
    FdsForm fds_form = FdsForm::none;
    std::uint64_t fds = 0;
    std::array<std::uint64_t, 3> sets{};
    std::uint64_t futex = 0; ///< the word's address; 0: no futex
    TimeForm time_form = TimeForm::for_ever;
    std::uint64_t time = 0;
    std::uint32_t clock = 1; ///< of a deadline: CLOCK_REALTIME 0, CLOCK_MONOTONIC 1, ...
};

/// Of a call that the table does not have: nothing, as if it waited for ever.
WaitArguments wait_arguments(std::int32_t number, const std::array<std::uint64_t, 6>& arguments) noexcept;

/// The table has it.
bool has_wait_arguments(std::int32_t number) noexcept;

} // namespace tasks::inspect
