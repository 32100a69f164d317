// Unwinder on real processes: children that block in known ways, and programs of the system that nobody wrote for this.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>

#include <catch2/catch.hpp>

#include "inspect/unwind/blocked_child.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

// Waits where a test can see it: each function keeps its frame, since something is left to do after the call.
__attribute__((noinline)) int wait_here() {
    const int result = ::pause();
    asm volatile("" ::: "memory");
    return result;
}

__attribute__((noinline)) int wait_below(int depth) {
    const int result = depth == 0 ? wait_here() : wait_below(depth - 1);
    asm volatile("" ::: "memory");
    return result + 1;
}

// The size is not known to the compiler, so the frame can be found from %rbp alone.
__attribute__((noinline)) int wait_in_dynamic_frame(std::size_t bytes) {
    auto* block = static_cast<volatile char*>(__builtin_alloca(bytes));
    block[0] = 1;
    const int result = wait_here();
    return result + block[0];
}

__attribute__((noinline)) int wait_in_aligned_frame(std::size_t bytes) {
    alignas(64) std::array<volatile char, 128> lane{};
    lane[bytes % lane.size()] = 1;
    return wait_in_dynamic_frame(bytes) + lane[0];
}

// What make_fcontext of Boost.Context puts under a fiber's first function; like there, it has no call frame
// information, nor has the instruction before it, whose row a return address is looked up by.
asm(R"(
    .pushsection .text
    hlt
    .globl tasks_test_fiber_root
tasks_test_fiber_root:
    xorq %rdi, %rdi
    call _exit@PLT
    hlt
    .globl tasks_test_begin_fiber
tasks_test_begin_fiber:
    movq %rdi, %rsp
    leaq tasks_test_fiber_root(%rip), %rax
    pushq %rax
    jmp *%rsi
    .popsection
)");
extern "C" void tasks_test_begin_fiber(void* top, void (*run)());

void wait_for_ever() {
    for (;;)
        wait_below(2);
}

void wait_in_handler(int) { wait_here(); }

void wait_in_dynamic_handler(int) { wait_in_dynamic_frame(200); }

__attribute__((noinline)) void raise_and_wait() {
    ::raise(SIGUSR1);
    asm volatile("" ::: "memory");
}

template <class Function> std::uint64_t address_of(Function* function) {
    return reinterpret_cast<std::uint64_t>(function);
}

// Of those above; sanitizers make them long. A neighbour's frame counts too, so callers ask for "at least".
constexpr std::uint64_t longest_function = 512;

// How many frames lie in the function: a forked child has it at the same address.
template <class Function> std::size_t frames_in(const inspect::Trace& trace, Function* function) {
    std::size_t count = 0;
    for (const std::uint64_t pc : trace.pcs)
        count += pc > address_of(function) && pc < address_of(function) + longest_function ? 1u : 0u;
    return count;
}

void require_whole(const inspect::Trace& trace) {
    if (!trace.whole)
        FAIL("ends after " << trace.pcs.size() << " frames: " << trace.end_reason);
    REQUIRE(trace.end_reason.empty());
    REQUIRE(trace.exact.size() == trace.pcs.size());
    REQUIRE(trace.pcs.size() >= 3);
}

bool is_prefix(const inspect::Trace& part, const inspect::Trace& whole) {
    return part.pcs.size() <= whole.pcs.size() && std::equal(part.pcs.begin(), part.pcs.end(), whole.pcs.begin());
}

inspect::ThreadFacts shortened(inspect::ThreadFacts thread, std::size_t bytes) {
    thread.stack.resize(std::min(bytes, thread.stack.size()));
    thread.stack_cut = true;
    return thread;
}

} // namespace

TEST_CASE("every thread that is blocked is unwound to its root") {
    constexpr std::size_t workers = 16;
    const auto child = BlockedChild::running([] {
        static std::mutex held;
        held.lock();
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < workers; ++i)
            threads.emplace_back([] { held.lock(); });
        wait_here();
    });
    child.await(SYS_pause);
    const auto threads = child.await_threads(workers + 1, SYS_futex);
    Inspection inspection{child.pid()};
    for (const int tid : threads)
        require_whole(inspection.trace(tid));
    REQUIRE(frames_in(inspection.trace(), wait_here) >= 1);
}

TEST_CASE("a recursion has one frame a call") {
    const auto child = BlockedChild::running([] { wait_below(12); });
    child.await(SYS_pause);
    const auto trace = Inspection{child.pid()}.trace();
    require_whole(trace);
    REQUIRE(frames_in(trace, wait_below) >= 13);
}

TEST_CASE("a frame with alloca is found, whatever its size") {
    for (const std::size_t bytes : {16u, 100u, 3000u, 20000u}) {
        const auto child = BlockedChild::running([&] { wait_in_dynamic_frame(bytes); });
        child.await(SYS_pause);
        const auto trace = Inspection{child.pid()}.trace();
        INFO(bytes << " bytes");
        require_whole(trace);
        REQUIRE(frames_in(trace, wait_in_dynamic_frame) >= 1);
    }
}

TEST_CASE("a realigned frame around a frame with alloca is found") {
    const auto child = BlockedChild::running([] { wait_in_aligned_frame(500); });
    child.await(SYS_pause);
    const auto trace = Inspection{child.pid()}.trace();
    require_whole(trace);
    REQUIRE(frames_in(trace, wait_in_aligned_frame) >= 1);
}

TEST_CASE("a thread in a signal handler is unwound through the interrupted frame, whose pc is exact") {
    const auto child = BlockedChild::running([] {
        ::signal(SIGUSR1, wait_in_handler);
        raise_and_wait();
    });
    child.await(SYS_pause);
    const auto trace = Inspection{child.pid()}.trace();
    require_whole(trace);
    REQUIRE(frames_in(trace, raise_and_wait) >= 1);
    // the innermost, the trampoline and the interrupted instruction
    REQUIRE(std::count(trace.exact.begin(), trace.exact.end(), true) == 3);
}

TEST_CASE("a handler whose frame needs a recovered register goes on behind the trampoline") {
    const auto child = BlockedChild::running([] {
        ::signal(SIGUSR1, wait_in_dynamic_handler);
        raise_and_wait();
    });
    child.await(SYS_pause);
    const auto trace = Inspection{child.pid()}.trace();
    require_whole(trace);
    REQUIRE(frames_in(trace, wait_in_dynamic_frame) >= 1);
    REQUIRE(frames_in(trace, raise_and_wait) >= 1);
}

TEST_CASE("a handler on another stack ends the trace at the interrupted pc, and says so") {
    const auto child = BlockedChild::running([] {
        static std::array<char, 256 << 10> memory;
        stack_t other{};
        other.ss_sp = memory.data();
        other.ss_size = memory.size();
        ::sigaltstack(&other, nullptr);
        struct sigaction action{};
        action.sa_handler = wait_in_handler;
        action.sa_flags = SA_ONSTACK;
        ::sigaction(SIGUSR1, &action, nullptr);
        raise_and_wait();
    });
    child.await(SYS_pause);
    const auto trace = Inspection{child.pid()}.trace();
    REQUIRE_FALSE(trace.whole);
    REQUIRE(trace.pcs.size() >= 4);
    REQUIRE_THAT(trace.end_reason, Catch::Contains("another stack"));
}

TEST_CASE("a thread on a fiber of Boost.Context is unwound to the fiber's root") {
    const auto child = BlockedChild::running([] {
        static std::array<char, 256 << 10> stack;
        auto* top = stack.data() + stack.size();
        tasks_test_begin_fiber(top - reinterpret_cast<std::uintptr_t>(top) % 16, wait_for_ever);
    });
    child.await(SYS_pause);
    const auto trace = Inspection{child.pid()}.trace();
    require_whole(trace);
    REQUIRE(frames_in(trace, wait_below) >= 3);
}

#ifndef __SANITIZE_ADDRESS__ // its vfork saves the return address elsewhere
TEST_CASE("the parent of a vfork, whose return address is in a register alone, is unwound to its root") {
    const auto child = BlockedChild::running([] {
        if (::vfork() == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (;;)
                ::pause();
        }
        wait_here();
    });
    child.await(SYS_vfork);
    require_whole(Inspection{child.pid()}.trace());
}
#endif

TEST_CASE("cut stacks give the first frames of the whole trace and say where the copy ends") {
    const auto child = BlockedChild::running([] { wait_below(6); });
    child.await(SYS_pause);
    Inspection inspection{child.pid()};
    const auto thread = captured(child.pid(), child.pid());
    const auto whole = inspection.unwinder.unwind(thread);
    require_whole(whole);
    bool cut_seen = false;
    for (std::size_t bytes = 0; bytes <= thread.stack.size() && bytes < 16384; bytes += 40) {
        const auto part = inspection.unwinder.unwind(shortened(thread, bytes));
        INFO(bytes << " bytes, " << part.pcs.size() << " frames: " << part.end_reason);
        REQUIRE(is_prefix(part, whole));
        REQUIRE(part.whole == (part.pcs.size() == whole.pcs.size() && part.end_reason.empty()));
        cut_seen = cut_seen || part.end_reason.find("of stack end here") != std::string::npos;
    }
    REQUIRE(cut_seen);
    REQUIRE_THAT(inspection.unwinder.unwind(shortened(thread, 0)).end_reason, Catch::Contains("no stack was copied"));
}

TEST_CASE("cut stacks of a dynamic frame give the first frames of the whole trace") {
    const auto child = BlockedChild::running([] { wait_in_aligned_frame(700); });
    child.await(SYS_pause);
    Inspection inspection{child.pid()};
    const auto thread = captured(child.pid(), child.pid());
    const auto whole = inspection.unwinder.unwind(thread);
    require_whole(whole);
    for (std::size_t bytes = 0; bytes <= std::min<std::size_t>(thread.stack.size(), 16384); bytes += 24) {
        INFO(bytes);
        REQUIRE(is_prefix(inspection.unwinder.unwind(shortened(thread, bytes)), whole));
    }
}

TEST_CASE("the frame limit ends a trace and is told") {
    const auto child = BlockedChild::running([] { wait_below(30); });
    child.await(SYS_pause);
    Inspection inspection{child.pid()};
    const auto thread = captured(child.pid(), child.pid());
    const auto whole = inspection.unwinder.unwind(thread);
    for (const std::size_t limit : {1u, 2u, 10u}) {
        const auto part = inspection.unwinder.unwind(thread, limit);
        REQUIRE(part.pcs.size() == limit);
        REQUIRE(is_prefix(part, whole));
        REQUIRE_FALSE(part.whole);
        REQUIRE(part.end_reason == "more than " + std::to_string(limit) + " frames");
    }
    REQUIRE(inspection.unwinder.unwind(thread, whole.pcs.size()).whole);
}

TEST_CASE("random stack bytes always end in a trace of at most the frame limit") {
    const auto child = BlockedChild::running([] { wait_in_dynamic_frame(300); });
    child.await(SYS_pause);
    Inspection inspection{child.pid()};
    const auto real = captured(child.pid(), child.pid(), 4096);
    const auto modules = modules_of(child.pid());
    std::mt19937_64 random{7};
    for (int round = 0; round < 300; ++round) {
        auto thread = real;
        for (std::size_t at = 0; at + 8 <= thread.stack.size(); at += 8) {
            std::uint64_t word = random();
            if (round % 3 == 1) // pointers into code
                word = modules[word % modules.size()].start + (word >> 32) % 100000;
            if (round % 3 == 2 && word % 2 == 0) // and into the stack
                word = thread.sp + (word >> 32) % thread.stack.size() / 8 * 8;
            std::memcpy(thread.stack.data() + at, &word, sizeof word);
        }
        if (round % 2 == 1)
            thread.pc = modules[random() % modules.size()].start + random() % 100000;
        const auto trace = inspection.unwinder.unwind(thread);
        REQUIRE(trace.pcs.size() <= inspect::Unwinder::default_max_frames);
        REQUIRE(trace.exact.size() == trace.pcs.size());
        REQUIRE(trace.whole == trace.end_reason.empty());
    }
}

TEST_CASE("a pc outside all modules gives one frame and a reason") {
    inspect::ModuleMap none{{}, {}};
    inspect::Unwinder unwinder{none};
    inspect::ThreadFacts thread;
    thread.capture = protocol::Capture::captured;
    thread.sp = 0x7000;
    thread.pc = 0x1234;
    thread.stack.assign(512, '\x11');
    const auto trace = unwinder.unwind(thread);
    REQUIRE(trace.pcs == std::vector<std::uint64_t>{0x1234});
    REQUIRE_FALSE(trace.whole);
    REQUIRE_FALSE(trace.end_reason.empty());
}

TEST_CASE("a thread that was not captured gives an empty trace") {
    inspect::ModuleMap none{{}, {}};
    inspect::ThreadFacts thread;
    thread.capture = protocol::Capture::running;
    const auto trace = inspect::Unwinder{none}.unwind(thread);
    REQUIRE(trace.pcs.empty());
    REQUIRE_FALSE(trace.whole);
    REQUIRE(trace.end_reason == "not captured");
}

TEST_CASE("sleep, a program without debug information, is unwound to its root") {
    const auto child = BlockedChild::executing({"sleep", "1000"});
    child.await(SYS_clock_nanosleep);
    require_whole(Inspection{child.pid()}.trace());
}

TEST_CASE("a shell that waits for its child is unwound to its root") {
    const auto child = BlockedChild::executing({"sh", "-c", "sleep 1000; true"});
    child.await(SYS_wait4);
    require_whole(Inspection{child.pid()}.trace());
}
