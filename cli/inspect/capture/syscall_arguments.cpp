#include "capture/syscall_arguments.hpp"

#include <algorithm>

namespace tasks::inspect {
namespace {

constexpr std::int8_t no = -1;

struct Row {
    std::int32_t number;
    std::int8_t fd = no;                     ///< which argument it is
    FdsForm fds_form = FdsForm::none;        ///< sets: arguments 1 to 3
    std::int8_t fds = no;                    ///< which argument
    TimeForm time_form = TimeForm::for_ever; ///< for_ever here: the call has no such argument
    std::int8_t time = no;                   ///< which argument
};

using enum FdsForm;
using enum TimeForm;

// Sorted by number. futex, clock_nanosleep and their kin say elsewhere in their arguments what their time means: below.
constexpr std::array x86_64{
    Row{0, 0},                              // read
    Row{1, 0},                              // write
    Row{7, no, count, 1, milliseconds, 2},  // poll
    Row{17, 0},                             // pread64
    Row{18, 0},                             // pwrite64
    Row{19, 0},                             // readv
    Row{20, 0},                             // writev
    Row{23, no, sets, 0, timeval, 4},       // select
    Row{35, no, none, no, timespec, 0},     // nanosleep
    Row{40, 0},                             // sendfile: the fd that it writes to
    Row{42, 0},                             // connect
    Row{43, 0},                             // accept
    Row{44, 0},                             // sendto
    Row{45, 0},                             // recvfrom
    Row{46, 0},                             // sendmsg
    Row{47, 0},                             // recvmsg
    Row{72, 0},                             // fcntl
    Row{73, 0},                             // flock
    Row{74, 0},                             // fsync
    Row{75, 0},                             // fdatasync
    Row{128, no, none, no, timespec, 2},    // rt_sigtimedwait
    Row{202, no, none, no, timespec, 3},    // futex
    Row{208, no, none, no, timespec, 4},    // io_getevents
    Row{220, no, none, no, timespec, 3},    // semtimedop
    Row{230, no, none, no, timespec, 2},    // clock_nanosleep
    Row{232, 0, epoll, 0, milliseconds, 3}, // epoll_wait
    Row{242, 0, none, no, deadline, 4},     // mq_timedsend
    Row{243, 0, none, no, deadline, 4},     // mq_timedreceive
    Row{270, no, sets, 0, timespec, 4},     // pselect6
    Row{271, no, count, 1, timespec, 2},    // ppoll
    Row{275, 0},                            // splice: the fd that it reads from
    Row{277, 0},                            // sync_file_range
    Row{278, 0},                            // vmsplice
    Row{281, 0, epoll, 0, milliseconds, 3}, // epoll_pwait
    Row{288, 0},                            // accept4
    Row{295, 0},                            // preadv
    Row{296, 0},                            // pwritev
    Row{299, 0, none, no, timespec, 4},     // recvmmsg
    Row{306, 0},                            // syncfs
    Row{307, 0},                            // sendmmsg
    Row{327, 0},                            // preadv2
    Row{328, 0},                            // pwritev2
    Row{333, no, none, no, timespec, 4},    // io_pgetevents
    Row{426, 0},                            // io_uring_enter
    Row{441, 0, epoll, 0, timespec, 3},     // epoll_pwait2
    Row{449, no, none, no, deadline, 3},    // futex_waitv: of several words, none of them told
    Row{455, no, none, no, deadline, 4},    // futex_wait
};
static_assert(std::ranges::is_sorted(x86_64, {}, &Row::number));

constexpr std::int32_t sys_futex = 202;
constexpr std::int32_t sys_clock_nanosleep = 230;
constexpr std::int32_t sys_mq_timedsend = 242;
constexpr std::int32_t sys_mq_timedreceive = 243;
constexpr std::int32_t sys_futex_waitv = 449;
constexpr std::int32_t sys_futex_wait = 455;

constexpr std::uint32_t clock_realtime = 0;
constexpr std::uint32_t clock_monotonic = 1;

const Row* row_of(std::int32_t number) noexcept {
    const auto* found = std::ranges::lower_bound(x86_64, number, {}, &Row::number);
    return found != x86_64.end() && found->number == number ? found : nullptr;
}

// linux/futex.h: FUTEX_WAIT takes how long, all others until when.
void take_futex(const std::array<std::uint64_t, 6>& arguments, WaitArguments& into) noexcept {
    constexpr std::uint64_t clock_realtime_flag = 256;
    constexpr std::uint64_t private_flag = 128;
    constexpr std::uint64_t wait = 0;
    constexpr std::uint64_t lock_pi = 6;
    into.futex = arguments[0];
    const auto operation = arguments[1] & ~(clock_realtime_flag | private_flag) & 0x7f;
    if (operation == wait || into.time_form == TimeForm::for_ever) {
        return;
    }
    into.time_form = deadline;
    const bool by_realtime = operation == lock_pi || (arguments[1] & clock_realtime_flag) != 0;
    into.clock = by_realtime ? clock_realtime : clock_monotonic;
}

void take_special(std::int32_t number, const std::array<std::uint64_t, 6>& arguments, WaitArguments& into) noexcept {
    constexpr std::uint64_t timer_abstime = 1;
    switch (number) {
    case sys_futex:
        take_futex(arguments, into);
        break;
    case sys_clock_nanosleep:
        into.time_form = (arguments[1] & timer_abstime) != 0 ? deadline : timespec;
        into.clock = static_cast<std::uint32_t>(arguments[0]);
        break;
    case sys_mq_timedsend:
    case sys_mq_timedreceive:
        into.clock = clock_realtime;
        break;
    case sys_futex_waitv:
        into.clock = static_cast<std::uint32_t>(arguments[4]);
        break;
    case sys_futex_wait:
        into.futex = arguments[0];
        into.clock = static_cast<std::uint32_t>(arguments[5]);
        break;
    default:
        break;
    }
}

} // namespace

WaitArguments wait_arguments(std::int32_t number, const std::array<std::uint64_t, 6>& arguments) noexcept {
    WaitArguments told;
    const auto* row = row_of(number);
    if (row == nullptr) {
        return told;
    }
    const auto at = [&arguments](std::int8_t index) { return arguments[static_cast<std::size_t>(index)]; };
    if (row->fd != no) {
        told.fd = std::max(static_cast<int>(static_cast<std::uint32_t>(at(row->fd))), -1);
    }
    told.fds_form = row->fds_form;
    told.fds = row->fds == no ? 0 : at(row->fds);
    if (row->fds_form == sets) {
        told.sets = {arguments[1], arguments[2], arguments[3]};
    }
    if (row->time != no) {
        told.time = at(row->time);
        const bool negative = static_cast<std::int32_t>(static_cast<std::uint32_t>(told.time)) < 0;
        const bool none_given = row->time_form == milliseconds ? negative : told.time == 0; // a null pointer
        told.time_form = none_given ? for_ever : row->time_form;
    }
    take_special(number, arguments, told);
    return told;
}

bool has_wait_arguments(std::int32_t number) noexcept { return row_of(number) != nullptr; }

} // namespace tasks::inspect
