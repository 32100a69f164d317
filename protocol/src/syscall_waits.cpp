#include <tasks/protocol/syscall_waits.hpp>

#include <algorithm>

namespace tasks::protocol {

namespace {

struct SyscallWait {
    std::int32_t number;
    WaitReason reason;
};

// Sorted by number. Calls that write files out (fsync and its kin) count as writes: that is what they wait for.
constexpr std::array x86_64{
    SyscallWait{0, WaitReason::io_read},         // read (also eventfd, timerfd, signalfd: the fd is not known here)
    SyscallWait{1, WaitReason::io_write},        // write
    SyscallWait{7, WaitReason::poll},            // poll
    SyscallWait{17, WaitReason::io_read},        // pread64
    SyscallWait{18, WaitReason::io_write},       // pwrite64
    SyscallWait{19, WaitReason::io_read},        // readv
    SyscallWait{20, WaitReason::io_write},       // writev
    SyscallWait{23, WaitReason::poll},           // select
    SyscallWait{26, WaitReason::io_write},       // msync
    SyscallWait{34, WaitReason::signal},         // pause
    SyscallWait{35, WaitReason::sleep},          // nanosleep
    SyscallWait{40, WaitReason::io_write},       // sendfile
    SyscallWait{42, WaitReason::io_connect},     // connect
    SyscallWait{43, WaitReason::io_accept},      // accept
    SyscallWait{44, WaitReason::io_write},       // sendto
    SyscallWait{45, WaitReason::io_read},        // recvfrom
    SyscallWait{46, WaitReason::io_write},       // sendmsg
    SyscallWait{47, WaitReason::io_read},        // recvmsg
    SyscallWait{58, WaitReason::child},          // vfork
    SyscallWait{61, WaitReason::child},          // wait4
    SyscallWait{65, WaitReason::semaphore},      // semop
    SyscallWait{69, WaitReason::message_queue},  // msgsnd
    SyscallWait{70, WaitReason::message_queue},  // msgrcv
    SyscallWait{73, WaitReason::lock_file},      // flock
    SyscallWait{74, WaitReason::io_write},       // fsync
    SyscallWait{75, WaitReason::io_write},       // fdatasync
    SyscallWait{128, WaitReason::signal},        // rt_sigtimedwait
    SyscallWait{130, WaitReason::signal},        // rt_sigsuspend
    SyscallWait{162, WaitReason::io_write},      // sync
    SyscallWait{202, WaitReason::futex},         // futex
    SyscallWait{208, WaitReason::io_read},       // io_getevents
    SyscallWait{220, WaitReason::semaphore},     // semtimedop
    SyscallWait{230, WaitReason::sleep},         // clock_nanosleep
    SyscallWait{232, WaitReason::poll},          // epoll_wait
    SyscallWait{242, WaitReason::message_queue}, // mq_timedsend
    SyscallWait{243, WaitReason::message_queue}, // mq_timedreceive
    SyscallWait{247, WaitReason::child},         // waitid
    SyscallWait{270, WaitReason::poll},          // pselect6
    SyscallWait{271, WaitReason::poll},          // ppoll
    SyscallWait{275, WaitReason::io_read},       // splice
    SyscallWait{277, WaitReason::io_write},      // sync_file_range
    SyscallWait{278, WaitReason::io_write},      // vmsplice
    SyscallWait{281, WaitReason::poll},          // epoll_pwait
    SyscallWait{288, WaitReason::io_accept},     // accept4
    SyscallWait{295, WaitReason::io_read},       // preadv
    SyscallWait{296, WaitReason::io_write},      // pwritev
    SyscallWait{299, WaitReason::io_read},       // recvmmsg
    SyscallWait{306, WaitReason::io_write},      // syncfs
    SyscallWait{307, WaitReason::io_write},      // sendmmsg
    SyscallWait{327, WaitReason::io_read},       // preadv2
    SyscallWait{328, WaitReason::io_write},      // pwritev2
    SyscallWait{333, WaitReason::io_read},       // io_pgetevents
    SyscallWait{426, WaitReason::poll},          // io_uring_enter: for any completion
    SyscallWait{441, WaitReason::poll},          // epoll_pwait2
    SyscallWait{449, WaitReason::futex},         // futex_waitv
    SyscallWait{455, WaitReason::futex},         // futex_wait
};
static_assert(std::ranges::is_sorted(x86_64, {}, &SyscallWait::number));

constexpr std::int32_t sys_poll = 7;
constexpr std::int32_t sys_select = 23;
constexpr std::int32_t sys_clone = 56;
constexpr std::int32_t sys_fcntl = 72;
constexpr std::int32_t sys_futex = 202;
constexpr std::int32_t sys_pselect6 = 270;
constexpr std::int32_t sys_ppoll = 271;

constexpr std::uint64_t clone_vfork = 0x4000; // the parent sleeps until the child calls exec or ends
constexpr std::uint64_t setlkw = 7;           // F_SETLKW
constexpr std::uint64_t ofd_setlkw = 38;      // F_OFD_SETLKW

WaitReason wait_of_futex(std::uint64_t operation) noexcept {
    switch (operation & 0x7f) { // without FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME
    case 6:                     // FUTEX_LOCK_PI
    case 13:                    // FUTEX_LOCK_PI2
        return WaitReason::mutex;
    case 11: // FUTEX_WAIT_REQUEUE_PI: a condition whose mutex inherits priority
        return WaitReason::cond;
    default: // FUTEX_WAIT, FUTEX_WAIT_BITSET
        return WaitReason::futex;
    }
}

} // namespace

WaitReason wait_of_syscall(std::int32_t number, const std::array<std::uint64_t, 6>& arguments) noexcept {
    switch (number) {
    case sys_futex:
        return wait_of_futex(arguments[1]);
    case sys_fcntl:
        return arguments[1] == setlkw || arguments[1] == ofd_setlkw ? WaitReason::lock_file : WaitReason::unknown;
    case sys_clone:
        return (arguments[0] & clone_vfork) != 0 ? WaitReason::child : WaitReason::unknown;
    case sys_poll:
    case sys_ppoll:
        return arguments[1] == 0 ? WaitReason::sleep : WaitReason::poll; // of no fd: an old way to sleep
    case sys_select:
    case sys_pselect6:
        return arguments[0] == 0 ? WaitReason::sleep : WaitReason::poll;
    default:
        break;
    }
    const auto found = std::ranges::lower_bound(x86_64, number, {}, &SyscallWait::number);
    return found != x86_64.end() && found->number == number ? found->reason : WaitReason::unknown;
}

} // namespace tasks::protocol
