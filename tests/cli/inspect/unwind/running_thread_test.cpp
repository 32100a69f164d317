// Unwinder on threads that run, as a capture signal finds them: all registers are known, the pc is any instruction.
#include <pthread.h>
#include <signal.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include <catch2/catch.hpp>

#include "inspect/unwind/outside_capture.hpp"
#include "unwind/unwinder.hpp"
#include "unwind/x86_64.hpp"

using namespace tasks;

namespace {

constexpr std::size_t stack_bytes = 16384;
constexpr std::uint64_t longest_function = 1024; // of those below; sanitizers make them long

// What the handler took of the thread that it interrupted.
struct Taken {
    std::array<std::uint64_t, inspect::x86_64::register_count> registers{};
    std::array<char, stack_bytes> stack{};
    std::size_t bytes = 0;
    std::atomic<bool> done{false};
};
Taken taken;

// ucontext's order by DWARF number.
constexpr std::array<int, inspect::x86_64::register_count> by_dwarf{
    REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
    REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};

void take_registers(int, siginfo_t*, void* context) {
    const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
    for (std::size_t number = 0; number < by_dwarf.size(); ++number)
        taken.registers[number] = static_cast<std::uint64_t>(machine.gregs[by_dwarf[number]]);
    const iovec into{taken.stack.data(), taken.stack.size()};
    std::array<iovec, 5> pages{}; // a piece a page: the stack may end before
    auto address = taken.registers[inspect::x86_64::rsp];
    std::size_t left = stack_bytes;
    for (auto& page : pages) {
        page = {reinterpret_cast<void*>(address), std::min<std::size_t>(4096 - address % 4096, left)};
        address += page.iov_len;
        left -= page.iov_len;
    }
    const auto copied = ::process_vm_readv(::getpid(), &into, 1, pages.data(), pages.size(), 0);
    taken.bytes = copied > 0 ? static_cast<std::size_t>(copied) : 0;
    taken.done = true;
}

std::atomic<bool> stop;

__attribute__((noinline)) unsigned step(unsigned value) {
    asm volatile("" ::: "memory");
    return value * 2654435761u + 1;
}

// Its frame can be found from %rbp alone.
__attribute__((noinline)) unsigned spin_in_dynamic_frame(std::size_t bytes) {
    auto* block = static_cast<volatile char*>(__builtin_alloca(bytes));
    unsigned value = 1;
    while (!stop) {
        value = step(value);
        block[value % bytes] = static_cast<char>(value);
    }
    return value + static_cast<unsigned>(block[0]);
}

__attribute__((noinline)) unsigned spin_below(int depth) {
    const auto value = depth == 0 ? spin_in_dynamic_frame(300) : spin_below(depth - 1);
    asm volatile("" ::: "memory");
    return value + 1;
}

template <class Function> std::size_t frames_in(const inspect::Trace& trace, Function* function) {
    const auto begin = reinterpret_cast<std::uint64_t>(function);
    std::size_t count = 0;
    for (const auto pc : trace.pcs)
        count += pc >= begin && pc < begin + longest_function ? 1u : 0u;
    return count;
}

// A thread that computes, and the words to look at it.
class Spinner {
public:
    Spinner() {
        struct sigaction action{};
        action.sa_sigaction = take_registers;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        REQUIRE(::sigaction(SIGUSR2, &action, &before_) == 0);
        stop = false;
        thread_ = std::thread{[this] {
            begun_ = true;
            spin_below(4);
        }};
        while (!begun_)
            std::this_thread::yield();
    }
    ~Spinner() {
        stop = true;
        thread_.join();
        ::sigaction(SIGUSR2, &before_, nullptr);
    }
    Spinner(const Spinner&) = delete;
    Spinner& operator=(const Spinner&) = delete;

    inspect::ThreadFacts look() {
        taken.done = false;
        REQUIRE(::pthread_kill(thread_.native_handle(), SIGUSR2) == 0);
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{60};
        while (!taken.done && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        REQUIRE(taken.done);
        inspect::ThreadFacts facts;
        facts.capture = protocol::Capture::captured;
        facts.registers.assign(taken.registers.begin(), taken.registers.end());
        facts.sp = taken.registers[inspect::x86_64::rsp];
        facts.pc = taken.registers[inspect::x86_64::rip];
        facts.stack.assign(taken.stack.data(), taken.bytes);
        facts.stack_cut = taken.bytes == stack_bytes;
        return facts;
    }

private:
    struct sigaction before_{};
    std::atomic<bool> begun_{false};
    std::thread thread_;
};

} // namespace

TEST_CASE("a running thread with its registers is unwound to its root from any instruction") {
    Spinner spinner;
    inspect::ModuleMap modules{test::modules_of(::getpid()), {static_cast<std::uint32_t>(::getpid())}};
    inspect::Unwinder unwinder{modules};
    int spinning = 0;
    for (int look = 0; look < 60; ++look) {
        const auto facts = spinner.look();
        const auto trace = unwinder.unwind(facts);
        INFO("look " << look << ", pc " << std::hex << facts.pc << ": " << trace.end_reason);
        REQUIRE(trace.whole);
        REQUIRE(trace.pcs.front() == facts.pc);
        REQUIRE(trace.exact.front());
        if (frames_in(trace, spin_in_dynamic_frame) > 0) { // at first it may be on its way there
            ++spinning;
            REQUIRE(frames_in(trace, spin_below) >= 5);
        }
    }
    CHECK(spinning > 0);
}

TEST_CASE("another machine's registers are not taken for these") {
    Spinner spinner;
    inspect::ModuleMap modules{test::modules_of(::getpid()), {static_cast<std::uint32_t>(::getpid())}};
    inspect::Unwinder unwinder{modules};
    auto facts = spinner.look();
    const auto pc = facts.pc;
    facts.registers.resize(33);
    facts.registers.back() = 1;
    const auto trace = unwinder.unwind(facts);
    REQUIRE_FALSE(trace.pcs.empty());
    CHECK(trace.pcs.front() == pc);
}

TEST_CASE("registers that make no sense end the trace") {
    inspect::ModuleMap none{{}, {}};
    inspect::Unwinder unwinder{none};
    inspect::ThreadFacts facts;
    facts.capture = protocol::Capture::captured;
    facts.registers.assign(inspect::x86_64::register_count, ~0ull);
    facts.sp = facts.pc = ~0ull;
    const auto trace = unwinder.unwind(facts);
    CHECK(trace.pcs.size() == 1);
    CHECK_FALSE(trace.whole);
    CHECK_FALSE(trace.end_reason.empty());
}
