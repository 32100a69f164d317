#include "capture/syscall_arguments.hpp"

#include <catch2/catch.hpp>

#include <tasks/protocol/syscall_waits.hpp>

using namespace tasks::inspect;
using tasks::protocol::WaitReason;
using Arguments = std::array<std::uint64_t, 6>;

namespace {

constexpr Arguments numbered{10, 11, 12, 13, 14, 15};

WaitArguments told(std::int32_t number, const Arguments& arguments = numbered) {
    return wait_arguments(number, arguments);
}

} // namespace

TEST_CASE("calls on one fd have it as their first argument, and no time") {
    for (const auto number : {0,  1,  17, 18,  19,  20,  40,  42,  43,  44,  45,  46,  47,  72,
                              73, 74, 75, 275, 277, 278, 288, 295, 296, 306, 307, 327, 328, 426}) {
        INFO("system call " << number);
        const auto call = told(number);
        CHECK(call.fd == 10);
        CHECK(call.fds_form == FdsForm::none);
        CHECK(call.time_form == TimeForm::for_ever);
        CHECK(call.futex == 0);
    }
}

TEST_CASE("an fd is 32 bits wide; a negative one is none") {
    CHECK(told(0, {0xffffffff00000005}).fd == 5);
    CHECK(told(0, {0xffffffff}).fd == -1);
    CHECK(told(0, {0x80000000}).fd == -1);
}

TEST_CASE("calls on several fds tell how many, or where that is to be read") {
    struct Row {
        std::int32_t number;
        FdsForm form;
        std::uint64_t fds;
        TimeForm time_form;
        std::uint64_t time;
    };
    for (const auto& row : {Row{7, FdsForm::count, 11, TimeForm::milliseconds, 12},   // poll
                            Row{271, FdsForm::count, 11, TimeForm::timespec, 12},     // ppoll
                            Row{23, FdsForm::sets, 10, TimeForm::timeval, 14},        // select
                            Row{270, FdsForm::sets, 10, TimeForm::timespec, 14},      // pselect6
                            Row{232, FdsForm::epoll, 10, TimeForm::milliseconds, 13}, // epoll_wait
                            Row{281, FdsForm::epoll, 10, TimeForm::milliseconds, 13}, // epoll_pwait
                            Row{441, FdsForm::epoll, 10, TimeForm::timespec, 13}}) {  // epoll_pwait2
        INFO("system call " << row.number);
        const auto call = told(row.number);
        CHECK(call.fds_form == row.form);
        CHECK(call.fds == row.fds);
        CHECK(call.time_form == row.time_form);
        CHECK(call.time == row.time);
    }
    CHECK(told(23).sets == std::array<std::uint64_t, 3>{11, 12, 13});
    CHECK(told(232).fd == 10);
    CHECK(told(441).fd == 10);
    CHECK(told(7).fd == -1);
}

TEST_CASE("calls that only take time tell where it lies") {
    struct Row {
        std::int32_t number;
        TimeForm form;
        std::uint64_t time;
    };
    for (const auto& [number, form, time] : {Row{35, TimeForm::timespec, 10},     // nanosleep
                                             Row{128, TimeForm::timespec, 12},    // rt_sigtimedwait
                                             Row{208, TimeForm::timespec, 14},    // io_getevents
                                             Row{220, TimeForm::timespec, 13},    // semtimedop
                                             Row{242, TimeForm::deadline, 14},    // mq_timedsend
                                             Row{243, TimeForm::deadline, 14},    // mq_timedreceive
                                             Row{299, TimeForm::timespec, 14},    // recvmmsg
                                             Row{333, TimeForm::timespec, 14},    // io_pgetevents
                                             Row{449, TimeForm::deadline, 13},    // futex_waitv
                                             Row{455, TimeForm::deadline, 14}}) { // futex_wait
        INFO("system call " << number);
        CHECK(told(number).time_form == form);
        CHECK(told(number).time == time);
        CHECK(told(number, {}).time_form == TimeForm::for_ever); // a null pointer
    }
    CHECK(told(242).clock == 0);
    CHECK(told(449, {1, 2, 3, 4, 7}).clock == 7);
    CHECK(told(455, {0x1000, 2, 3, 4, 5, 0}).clock == 0);
    CHECK(told(455).futex == 10);
}

TEST_CASE("clock_nanosleep sleeps for a time, or until a moment of its clock") {
    CHECK(told(230, {1, 0, 0x2000}).time_form == TimeForm::timespec);
    const auto until = told(230, {7, 1, 0x2000});
    CHECK(until.time_form == TimeForm::deadline);
    CHECK(until.time == 0x2000);
    CHECK(until.clock == 7);
}

TEST_CASE("a negative number of milliseconds is for ever, none is at once") {
    CHECK(told(7, {0x1000, 1, 0xffffffff}).time_form == TimeForm::for_ever);
    CHECK(told(7, {0x1000, 1, 0}).time_form == TimeForm::milliseconds);
    CHECK(told(232, {3, 0, 0, ~0ull}).time_form == TimeForm::for_ever);
}

TEST_CASE("a futex has its word first; FUTEX_WAIT takes how long, the others until when") {
    constexpr std::uint64_t private_flag = 128, realtime = 256;
    const auto futex = [](std::uint64_t operation, std::uint64_t time) {
        return told(202, {0x7000, operation, 2, time});
    };
    CHECK(futex(private_flag, 0).futex == 0x7000);
    CHECK(futex(private_flag, 0).time_form == TimeForm::for_ever);
    CHECK(futex(9 | private_flag, 0).time_form == TimeForm::for_ever);
    CHECK(futex(0, 0x2000).time_form == TimeForm::timespec);
    CHECK(futex(9 | private_flag, 0x2000).time_form == TimeForm::deadline); // FUTEX_WAIT_BITSET
    CHECK(futex(9 | private_flag, 0x2000).clock == 1);
    CHECK(futex(9 | realtime, 0x2000).clock == 0);
    CHECK(futex(6, 0x2000).clock == 0);  // FUTEX_LOCK_PI: always
    CHECK(futex(13, 0x2000).clock == 1); // FUTEX_LOCK_PI2
    CHECK(futex(11 | realtime, 0x2000).clock == 0);
}

TEST_CASE("a call that the table does not have tells nothing") {
    for (const auto number : {-1, 16, 34, 100'000}) {
        CHECK_FALSE(has_wait_arguments(number));
        CHECK(told(number).fd == -1);
        CHECK(told(number).time_form == TimeForm::for_ever);
    }
}

TEST_CASE("every call that waits for an fd or a time by the table of reasons has its arguments here") {
    for (std::int32_t number = 0; number < 600; ++number) {
        const auto reason = tasks::protocol::wait_of_syscall(number, {1, 7, 1, 1, 1, 1});
        const bool takes_fd_or_time = reason == WaitReason::io_accept || reason == WaitReason::io_connect ||
                                      reason == WaitReason::poll || reason == WaitReason::sleep ||
                                      reason == WaitReason::futex || reason == WaitReason::lock_file;
        INFO("system call " << number);
        CHECK((!takes_fd_or_time || has_wait_arguments(number)));
    }
}
