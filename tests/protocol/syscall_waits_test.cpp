#include <tasks/protocol/syscall_waits.hpp>

#include <catch2/catch.hpp>

using tasks::protocol::wait_of_syscall;
using tasks::protocol::WaitReason;
using Arguments = std::array<std::uint64_t, 6>;

TEST_CASE("a system call tells what its thread waits for") {
    struct Row {
        std::int32_t number;
        WaitReason reason;
    };
    for (const auto& [number, reason] :
         {Row{0, WaitReason::io_read}, Row{1, WaitReason::io_write}, Row{35, WaitReason::sleep},
          Row{42, WaitReason::io_connect}, Row{43, WaitReason::io_accept}, Row{288, WaitReason::io_accept},
          Row{61, WaitReason::child}, Row{65, WaitReason::semaphore}, Row{70, WaitReason::message_queue},
          Row{73, WaitReason::lock_file}, Row{128, WaitReason::signal}, Row{230, WaitReason::sleep},
          Row{232, WaitReason::poll}, Row{281, WaitReason::poll}, Row{208, WaitReason::io_read}}) {
        INFO("system call " << number);
        CHECK(wait_of_syscall(number, {}) == reason);
    }
}

TEST_CASE("a system call that the table does not have, or none, waits for nothing known") {
    CHECK(wait_of_syscall(-1, {}) == WaitReason::unknown);
    CHECK(wait_of_syscall(16, {}) == WaitReason::unknown);
    CHECK(wait_of_syscall(100'000, {}) == WaitReason::unknown);
}

TEST_CASE("a futex operation that takes a lock with priority inheritance is a mutex, any other wait is a futex") {
    const auto futex = [](std::uint64_t operation) { return wait_of_syscall(202, Arguments{0x1000, operation, 2}); };
    CHECK(futex(0) == WaitReason::futex);     // FUTEX_WAIT
    CHECK(futex(0x80) == WaitReason::futex);  // FUTEX_WAIT_PRIVATE
    CHECK(futex(0x189) == WaitReason::futex); // FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME
    CHECK(futex(0x86) == WaitReason::mutex);  // FUTEX_LOCK_PI_PRIVATE
    CHECK(futex(13) == WaitReason::mutex);    // FUTEX_LOCK_PI2
    CHECK(futex(0x8b) == WaitReason::cond);   // FUTEX_WAIT_REQUEUE_PI_PRIVATE
}

TEST_CASE("poll and select of no descriptor are a sleep") {
    CHECK(wait_of_syscall(7, Arguments{0, 0, 1000}) == WaitReason::sleep);
    CHECK(wait_of_syscall(7, Arguments{0x1000, 1, 1000}) == WaitReason::poll);
    CHECK(wait_of_syscall(271, Arguments{0x1000, 2}) == WaitReason::poll);
    CHECK(wait_of_syscall(23, Arguments{0}) == WaitReason::sleep);
    CHECK(wait_of_syscall(270, Arguments{5}) == WaitReason::poll);
}

TEST_CASE("fcntl waits for a lock only when it is asked to wait, clone for a child only with vfork") {
    CHECK(wait_of_syscall(72, Arguments{3, 7}) == WaitReason::lock_file);
    CHECK(wait_of_syscall(72, Arguments{3, 38}) == WaitReason::lock_file);
    CHECK(wait_of_syscall(72, Arguments{3, 6}) == WaitReason::unknown);
    CHECK(wait_of_syscall(56, Arguments{0x4100}) == WaitReason::child);
    CHECK(wait_of_syscall(56, Arguments{0x100}) == WaitReason::unknown);
}
