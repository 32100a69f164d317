#include "signal_capture.hpp"

#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>

#include "clock.hpp"
#include "machine_registers.hpp"
#include "mappings.hpp"
#include "region.hpp"
#include "thread_list.hpp"
#include "way_out.hpp"

namespace tasks::agent {
namespace {

// A slot's state is `use << 8 | step`; the use tells a late signal of an earlier capture from today's.
enum Step : std::uint32_t { idle = 0, asked = 1, taking = 2, answered = 3, given_up = 4 };
constexpr std::uint32_t step_of(std::uint32_t state) noexcept { return state & 0xff; }
constexpr std::uint32_t use_of(std::uint32_t state) noexcept { return state >> 8; }
constexpr std::uint32_t state_of(std::uint32_t use, Step step) noexcept { return use << 8 | step; }
constexpr std::uint32_t use_bits = 20; // a ticket is `use << 8 | slot + 1`
constexpr std::uint32_t use_mask = (1u << use_bits) - 1;

struct Slot {
    std::atomic<std::uint32_t> state;
    std::uint32_t tid;
    std::uint64_t top; ///< the stack is copied no further
    std::size_t wanted_bytes;
    std::size_t stack_bytes;
    std::uint64_t taken_at_ns;
    std::array<std::uint64_t, machine_register_count> registers;
    std::array<char, SignalCapture::most_stack_bytes + 1> stack;
};

/// Never unmapped: see the header.
struct Slots {
    std::array<Slot, SignalCapture::slot_count> slots;
    std::atomic<std::uint32_t> answers; ///< ever; a futex
};

std::atomic<Slots*> all_slots{nullptr};
std::atomic<int> taken_signal{0};
std::atomic<bool> wanted{false}; ///< by the agent that runs

void copy(Slot& slot, const ucontext_t& context) noexcept {
    slot.registers = registers_of(context);
    const std::uint64_t sp = slot.registers[machine_sp];
    const std::uint64_t whole = slot.top > sp ? slot.top - sp : slot.wanted_bytes + 1;
    slot.stack_bytes =
        read_memory(sp, std::span{slot.stack}.first(std::min<std::uint64_t>(whole, slot.wanted_bytes + 1)));
    slot.taken_at_ns = now_ns();
}

void answer(Slots& slots, std::uint32_t ticket, const ucontext_t& context) noexcept {
    const std::uint32_t index = (ticket & 0xff) - 1;
    if (index >= slots.slots.size())
        return;
    Slot& slot = slots.slots[index];
    const std::uint32_t use = ticket >> 8;
    std::uint32_t expected = state_of(use, asked);
    if (slot.state.compare_exchange_strong(expected, state_of(use, taking), std::memory_order_acq_rel)) {
        copy(slot, context);
        expected = state_of(use, taking);
        if (!slot.state.compare_exchange_strong(expected, state_of(use, answered), std::memory_order_acq_rel))
            slot.state.store(state_of(use, idle), std::memory_order_release); // given up meanwhile
        slots.answers.fetch_add(1, std::memory_order_release);
        ::syscall(SYS_futex, &slots.answers, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
        return;
    }
    expected = state_of(use, given_up); // nobody waits for it any more: it is free from now on
    slot.state.compare_exchange_strong(expected, state_of(use, idle), std::memory_order_acq_rel);
}

void on_signal(int, siginfo_t* info, void* context) {
    const int kept = errno;
    Slots* slots = all_slots.load(std::memory_order_acquire);
    if (slots != nullptr && info->si_code == SI_QUEUE && info->si_pid == ::getpid())
        answer(*slots, static_cast<std::uint32_t>(info->si_value.sival_int), *static_cast<const ucontext_t*>(context));
    errno = kept;
}

Slot* slot_of(SignalCapture::Ticket ticket) noexcept {
    Slots* slots = all_slots.load(std::memory_order_acquire);
    const std::uint32_t index = (ticket & 0xff) - 1;
    if (slots == nullptr || index >= slots->slots.size())
        return nullptr;
    Slot& slot = slots->slots[index];
    return use_of(slot.state.load(std::memory_order_acquire)) == ticket >> 8 ? &slot : nullptr;
}

/// A thread whose signal is still on its way (it blocks it, say) gets no second one: they would queue up.
bool is_awaited(Slots& slots, std::uint32_t tid) noexcept {
    return std::any_of(slots.slots.begin(), slots.slots.end(), [tid](const Slot& slot) {
        return step_of(slot.state.load(std::memory_order_acquire)) != idle && slot.tid == tid;
    });
}

/// Frees slots of threads that ended before their signal came.
void reclaim(Slots& slots) noexcept {
    for (Slot& slot : slots.slots) {
        std::uint32_t state = slot.state.load(std::memory_order_acquire);
        if (step_of(state) == given_up && !thread_is_there(slot.tid))
            slot.state.compare_exchange_strong(state, state_of(use_of(state), idle), std::memory_order_acq_rel);
    }
}

/// Nobody collects any more what an earlier agent asked for.
void abandon_all(Slots& slots) noexcept {
    for (std::uint32_t index = 0; index < slots.slots.size(); ++index)
        SignalCapture::done(use_of(slots.slots[index].state.load(std::memory_order_acquire)) << 8 | (index + 1));
}

bool queue_signal(std::uint32_t tid, SignalCapture::Ticket ticket) noexcept {
    siginfo_t info{};
    info.si_code = SI_QUEUE;
    info.si_pid = ::getpid();
    info.si_uid = ::getuid();
    info.si_value.sival_int = static_cast<int>(ticket);
    return ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), static_cast<pid_t>(tid),
                     taken_signal.load(std::memory_order_relaxed), &info) == 0;
}

bool take_signal(int signal, std::string& problem) {
    struct sigaction before{};
    const bool suitable = signal == SIGPROF || signal == SIGURG || signal == SIGUSR1 || signal == SIGUSR2 ||
                          (signal >= SIGRTMIN && signal <= SIGRTMAX);
    if (!suitable || ::sigaction(signal, nullptr, &before) != 0) {
        problem = "capture_signal " + std::to_string(signal) +
                  ": not fit for it; take SIGPROF, SIGURG, SIGUSR1, SIGUSR2 or SIGRTMIN + n";
        return false;
    }
    const bool has_handler = (before.sa_flags & SA_SIGINFO) != 0 || before.sa_handler != SIG_DFL;
    if (has_handler) {
        problem = "capture_signal " + std::to_string(signal) + ": the host handles it already; choose another";
        return false;
    }
    struct sigaction action{};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
    ::sigfillset(&action.sa_mask);
    if (::sigaction(signal, &action, nullptr) == 0)
        return true;
    problem = because("capture_signal " + std::to_string(signal), errno);
    return false;
}

/// False where the host has put something of its own in the place of the handler.
bool still_taken(int signal) noexcept {
    struct sigaction now{};
    return ::sigaction(signal, nullptr, &now) == 0 && (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_signal;
}

} // namespace

bool SignalCapture::install(int signal, std::string& problem) {
    wanted.store(false);
    if (all_slots.load() != nullptr)
        abandon_all(*all_slots.load());
    wanted.store(signal != 0 && take(signal, problem));
    return signal == 0 || wanted.load();
}

bool SignalCapture::take(int signal, std::string& problem) {
    if (taken_signal.load() != 0 && !still_taken(taken_signal.load()))
        taken_signal.store(0);
    if (taken_signal.load() == signal)
        return true;
    if (taken_signal.load() != 0) {
        problem = "capture_signal " + std::to_string(signal) + ": signal " + std::to_string(taken_signal.load()) +
                  " was taken before and stays while the process lives; give that one, or 0";
        return false;
    }
    static constinit Region* memory = nullptr; // all zero: every slot is idle; never freed
    if (memory == nullptr)
        memory = new (std::nothrow) Region{sizeof(Slots)};
    if (memory == nullptr || !*memory) {
        problem = ("capture_signal " + std::to_string(signal) + ": no memory").append(way_out(ENOMEM));
        return false;
    }
    if (all_slots.load() == nullptr)
        all_slots.store(static_cast<Slots*>(static_cast<void*>(memory->take(sizeof(Slots)).data())));
    if (!take_signal(signal, problem))
        return false;
    taken_signal.store(signal);
    return true;
}

bool SignalCapture::ready() noexcept { return wanted.load(std::memory_order_relaxed); }

SignalCapture::Ticket SignalCapture::send(std::uint32_t tid, std::size_t stack_bytes) noexcept {
    Slots* slots = all_slots.load(std::memory_order_acquire);
    if (slots == nullptr)
        return 0;
    reclaim(*slots);
    if (is_awaited(*slots, tid))
        return 0;
    for (std::uint32_t index = 0; index < slots->slots.size(); ++index) {
        Slot& slot = slots->slots[index];
        const std::uint32_t state = slot.state.load(std::memory_order_acquire);
        if (step_of(state) != idle)
            continue;
        const std::uint32_t use = (use_of(state) + 1) & use_mask;
        slot.tid = tid;
        slot.top = thread_block(tid).value_or(0);
        slot.wanted_bytes = std::min(stack_bytes, most_stack_bytes);
        slot.stack_bytes = 0;
        slot.state.store(state_of(use, asked), std::memory_order_release);
        const Ticket ticket = use << 8 | (index + 1);
        if (queue_signal(tid, ticket))
            return ticket;
        slot.state.store(state_of(use, idle), std::memory_order_release);
        return 0;
    }
    return 0;
}

std::uint32_t SignalCapture::answers() noexcept {
    const Slots* slots = all_slots.load(std::memory_order_acquire);
    return slots == nullptr ? 0 : slots->answers.load(std::memory_order_acquire);
}

void SignalCapture::wait(std::uint32_t seen, std::uint64_t most_ns) noexcept {
    Slots* slots = all_slots.load(std::memory_order_acquire);
    if (slots == nullptr)
        return;
    const timespec time{.tv_sec = static_cast<time_t>(most_ns / 1'000'000'000),
                        .tv_nsec = static_cast<long>(most_ns % 1'000'000'000)};
    ::syscall(SYS_futex, &slots->answers, FUTEX_WAIT_PRIVATE, seen, &time, nullptr, 0);
}

std::optional<protocol::ThreadStack> SignalCapture::collect(Ticket ticket) noexcept {
    const Slot* slot = slot_of(ticket);
    if (slot == nullptr || step_of(slot->state.load(std::memory_order_acquire)) != answered)
        return {};
    protocol::ThreadStack thread;
    thread.tid = slot->tid;
    thread.capture = protocol::Capture::captured;
    thread.taken_at_ns = slot->taken_at_ns;
    thread.sp = slot->registers[machine_sp];
    thread.pc = slot->registers[machine_pc];
    thread.stack_cut = slot->stack_bytes > slot->wanted_bytes;
    thread.stack = {slot->stack.data(), std::min(slot->stack_bytes, slot->wanted_bytes)};
    std::copy(slot->registers.begin(), slot->registers.end(), thread.registers.begin());
    thread.register_count = machine_register_count;
    return thread;
}

void SignalCapture::done(Ticket ticket) noexcept {
    Slot* slot = slot_of(ticket);
    if (slot == nullptr)
        return;
    const std::uint32_t use = ticket >> 8;
    std::uint32_t expected = state_of(use, answered);
    if (slot->state.compare_exchange_strong(expected, state_of(use, idle), std::memory_order_acq_rel))
        return;
    // The signal is still on its way, or the handler at work: whoever comes last frees the slot.
    for (const Step before : {asked, taking}) {
        expected = state_of(use, before);
        if (slot->state.compare_exchange_strong(expected, state_of(use, given_up), std::memory_order_acq_rel))
            return;
    }
    expected = state_of(use, answered);
    slot->state.compare_exchange_strong(expected, state_of(use, idle), std::memory_order_acq_rel);
}

} // namespace tasks::agent
