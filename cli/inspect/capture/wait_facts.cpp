#include "capture/wait_facts.hpp"

#include <algorithm>
#include <limits>

namespace tasks::inspect {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t bytes_before_futex = 16; ///< a pthread_rwlock_t is waited for at up to byte 12
constexpr std::size_t futex_bytes = 72;          ///< and is 56 bytes long
constexpr std::uint64_t max_fd_set_fds = 65'536; ///< the kernel takes more than FD_SETSIZE

/// struct timespec and struct timeval.
struct Time {
    std::int64_t seconds = 0;
    std::int64_t fraction = 0;
};

/// Nothing where it is no time.
std::optional<std::uint64_t> nanoseconds(const Time& time, std::uint64_t unit_ns) {
    const auto units = static_cast<std::int64_t>(second_ns / unit_ns);
    if (time.seconds < 0 || time.fraction < 0 || time.fraction >= units) {
        return std::nullopt;
    }
    const auto seconds = static_cast<std::uint64_t>(time.seconds);
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    return seconds >= most / second_ns ? most
                                       : seconds * second_ns + static_cast<std::uint64_t>(time.fraction) * unit_ns;
}

} // namespace

void read_futex_bytes(const ProcessMemory& memory, WaitFacts& wait) {
    if (wait.futex < bytes_before_futex) {
        return;
    }
    for (const auto before : {bytes_before_futex, std::uint64_t{0}}) { // what is before it may be unmapped
        std::string bytes(futex_bytes, '\0');
        bytes.resize(std::min(memory.read(wait.futex - before, bytes), bytes.size()));
        if (bytes.size() > before) {
            wait.futex_bytes_at = wait.futex - before;
            wait.futex_bytes = std::move(bytes);
            return;
        }
    }
}

void WaitReader::read(ThreadFacts& thread) {
    thread.wait = {};
    if (thread.syscall < 0) {
        return;
    }
    const auto told = wait_arguments(thread.syscall, thread.arguments);
    read_fds(told, thread.wait);
    read_time(told, thread.wait);
    thread.wait.futex = told.futex;
    read_futex_bytes(memory_, thread.wait);
}

void WaitReader::read_fds(const WaitArguments& told, WaitFacts& wait) {
    wait.fd = told.fd;
    if (told.fd >= 0 && pid_ != 0) {
        wait.fd_target = fds_.name(told.fd);
    }
    switch (told.fds_form) {
    case FdsForm::none:
        break;
    case FdsForm::count:
        wait.fds = static_cast<std::uint32_t>(std::min<std::uint64_t>(told.fds, ~0u));
        break;
    case FdsForm::sets:
        wait.fds = in_sets(told);
        break;
    case FdsForm::epoll:
        wait.fds = told.fd < 0 || pid_ == 0 ? std::nullopt : fds_.watched(told.fd);
        break;
    }
}

/// An fd in two sets counts once. The kernel reads the sets into its own memory: the target may have changed them
/// since.
std::optional<std::uint32_t> WaitReader::in_sets(const WaitArguments& told) const {
    const auto below = std::min<std::uint64_t>(static_cast<std::uint32_t>(told.fds), max_fd_set_fds);
    std::string any((below + 7) / 8, '\0');
    for (const auto address : told.sets) {
        std::string set(any.size(), '\0');
        if (address == 0) {
            continue;
        }
        if (memory_.read(address, set) != set.size()) {
            return std::nullopt;
        }
        std::ranges::transform(any, set, any.begin(),
                               [](char one, char other) { return static_cast<char>(one | other); });
    }
    std::uint32_t count = 0;
    for (std::uint64_t fd = 0; fd < below; ++fd) {
        count += (unsigned{static_cast<unsigned char>(any[fd / 8])} >> (fd % 8)) & 1u;
    }
    return count;
}

void WaitReader::read_time(const WaitArguments& told, WaitFacts& wait) {
    constexpr std::uint64_t millisecond_ns = 1'000'000;
    if (told.time_form == TimeForm::milliseconds) {
        wait.timeout_ns = (told.time & 0xffffffffu) * millisecond_ns;
        return;
    }
    Time time;
    if (told.time_form == TimeForm::for_ever || !memory_.read_value(told.time, time)) {
        return;
    }
    const auto value = nanoseconds(time, told.time_form == TimeForm::timeval ? 1000 : 1);
    if (told.time_form != TimeForm::deadline) {
        wait.timeout_ns = value;
        return;
    }
    const auto now = clock_now(told.clock);
    if (value && now) {
        wait.timeout_ns = *value > *now ? *value - *now : 0;
        wait.timeout_is_left = true;
    }
}

/// Of a clock that counts differently for the target, nothing; and of a core, whose moment nobody knows.
std::optional<std::uint64_t> WaitReader::clock_now(std::uint32_t clock) {
    if (pid_ == 0) {
        return std::nullopt;
    }
    switch (clock) {
    case 0: // CLOCK_REALTIME
        return world_.clock->realtime_ns();
    case 1: // CLOCK_MONOTONIC
        return own_clocks() ? std::optional{world_.clock->monotonic_ns()} : std::nullopt;
    case 7: // CLOCK_BOOTTIME
        return own_clocks() ? std::optional{world_.clock->boottime_ns()} : std::nullopt;
    default:
        return std::nullopt;
    }
}

bool WaitReader::own_clocks() {
    if (!own_clocks_) { // kernels without time namespaces have no such link: both 0
        own_clocks_ = world_.proc.namespace_of(pid_, "time") == world_.proc.own_namespace("time");
    }
    return *own_clocks_;
}

} // namespace tasks::inspect
