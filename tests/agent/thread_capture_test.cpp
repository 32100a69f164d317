// What the kernel writes of a thread, read; and threads listed.
#include <catch2/catch.hpp>

#include <algorithm>

#include "scheduler_clock.hpp"
#include "server_fixture.hpp"
#include "stack_memory.hpp"
#include "thread_capture.hpp"
#include "thread_list.hpp"

using namespace tasks;
using namespace tasks::agent;
using namespace tasks::test;

TEST_CASE("The three forms of a syscall file are read") {
    SyscallState state;
    REQUIRE(parse_syscall("running\n", state));
    CHECK(state.running);
    REQUIRE(parse_syscall("-1 0x7ffd1000 0x401000\n", state));
    CHECK_FALSE(state.running);
    CHECK(state.number == -1);
    CHECK(state.sp == 0x7ffd1000);
    CHECK(state.pc == 0x401000);
    REQUIRE(parse_syscall("202 0x1 0x80 0x2 0x0 0x0 0xffffffffffffffff 0x7ffd1000 0x401000\n", state));
    CHECK(state.number == 202);
    CHECK(state.arguments == std::array<std::uint64_t, 6>{1, 0x80, 2, 0, 0, ~std::uint64_t{0}});
    CHECK(state.sp == 0x7ffd1000);
}

TEST_CASE("A syscall file that is cut or scribbled over is refused") {
    SyscallState state;
    for (const char* text :
         {"", "\n", "run", "12", "12 0x1 0x2", "-1 0x1", "x 0x1 0x2", "-1 y 0x2", "99999999999 0x1 0x2"})
        CHECK_FALSE(parse_syscall(text, state));
}

TEST_CASE("All threads are listed but the one left out, those without room are counted") {
    const BlockedThread first{1};
    const BlockedThread second{2};
    const OwnedFd directory = open_task_directory();
    REQUIRE(directory);
    std::array<std::uint32_t, 1000> tids{};
    std::array<char, 4096> buffer;
    const ThreadList all = list_threads(directory.get(), own_tid(), tids, buffer);
    CHECK(all.complete);
    CHECK(all.left_out == 0);
    const auto listed = [&](std::uint32_t tid) {
        return std::count(tids.begin(), tids.begin() + static_cast<std::ptrdiff_t>(all.listed), tid);
    };
    CHECK(listed(first.tid()) == 1);
    CHECK(listed(second.tid()) == 1);
    CHECK(listed(own_tid()) == 0);
    const ThreadList some = list_threads(directory.get(), own_tid(), std::span{tids}.first(1), buffer);
    CHECK(some.listed == 1);
    CHECK(some.left_out == all.listed - 1);
}

TEST_CASE("A thread that cannot be found has exited") {
    const OwnedFd directory = open_task_directory();
    std::vector<char> stack(ThreadCapture::stack_memory_bytes);
    std::vector<char> texts(ThreadCapture::text_memory_bytes);
    SchedulerClocks clocks;
    ThreadCapture capture{directory.get(), stack, texts, clocks};
    CHECK(capture.capture(0x7fffffff, {.stack_bytes = 100, .last_ran = false}).capture == protocol::Capture::exited);
}

TEST_CASE("Touched stacks are counted, untouched ones are not") {
    constexpr std::size_t touched = 300 * 1024;
    const OwnedFd directory = open_task_directory();
    std::vector<char> text(16384);
    std::vector<std::uint64_t> tops(16);
    const auto measured = [&](const std::vector<std::uint32_t>& tids) {
        return resident_stack_bytes(directory.get(), own_tid(), tids, {.text = text, .tops = tops});
    };
    std::atomic<std::uint32_t> tid{0};
    std::atomic<bool> stop{false};
    std::thread deep([&] {
        volatile char array[touched];
        for (std::size_t at = 0; at < touched; at += 4096)
            array[at] = 1;
        tid.store(own_tid());
        while (!stop.load() || array[0] == 0)
            std::this_thread::yield();
    });
    REQUIRE(eventually([&] { return tid.load() != 0; }));
    const auto main_alone = measured({});
    const auto with_deep = measured({tid.load()});
    stop.store(true);
    deep.join();
    REQUIRE(main_alone);
    REQUIRE(with_deep);
    CHECK(*main_alone > 0);
    CHECK(*with_deep - *main_alone >= touched);
    CHECK(*with_deep - *main_alone < touched + 2 * 1024 * 1024); // of 8 MiB
}
