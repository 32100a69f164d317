#include "capture/ptrace_threads.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "capture/file_descriptor.hpp"
#include "capture/thread_holder.hpp"

namespace tasks::inspect {
namespace {

using Outcome = RunningSample::Outcome;

constexpr std::size_t most_shared = 512ull << 20; ///< bytes of stacks; untouched pages cost nothing

/// Memory that a forked child writes to as well.
class SharedMemory {
public:
    explicit SharedMemory(std::size_t bytes)
        : bytes_(bytes),
          memory_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {}
    ~SharedMemory() {
        if (*this) {
            ::munmap(memory_, bytes_);
        }
    }
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    explicit operator bool() const noexcept { return memory_ != MAP_FAILED; }
    char* begin() const noexcept { return static_cast<char*>(memory_); }

private:
    std::size_t bytes_;
    void* memory_;
};

/// In the child: a fatal alarm at the deadline, which also ends a wait for the target's memory.
void live_until(std::uint64_t left_ns) {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    ::sigaction(SIGALRM, &action, nullptr);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const auto left_us = std::max<std::uint64_t>(left_ns / 1000, 1);
    itimerval timer{};
    timer.it_value.tv_sec = static_cast<time_t>(left_us / 1'000'000);
    timer.it_value.tv_usec = static_cast<suseconds_t>(left_us % 1'000'000);
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

[[noreturn]] void be_holder(const HolderTask& task, pid_t parent, std::uint64_t left_ns) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0); // a ^Z at the terminal would stop us while we hold threads
    live_until(left_ns);
    if (::getppid() == parent) { // else it died before the prctl()
        hold_threads(task);
    }
    ::_exit(0);
}

/// Waits a moment only for its end: a child that hangs in the kernel dies later, and init reaps it.
void end_child(pid_t child) {
    ::kill(child, SIGKILL);
    for (int tries = 0; tries < 50 && ::waitpid(child, nullptr, WNOHANG) == 0; ++tries) {
        const timespec brief{0, 1'000'000};
        ::nanosleep(&brief, nullptr);
    }
}

/// Until the child ends, which closes its end of the pipe, or the deadline.
void wait_for_end(int pipe, const Deadline& deadline) {
    pollfd ended{pipe, POLLIN, 0};
    while (::poll(&ended, 1, deadline.left_ms()) < 0 && errno == EINTR) {
    }
}

int run_holder(const HolderTask& task, const Deadline& deadline) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return errno;
    }
    const FileDescriptor reading{ends[0]};
    FileDescriptor writing{ends[1]};
    const auto parent = ::getpid();
    const auto child = ::fork();
    if (child < 0) {
        return errno;
    }
    if (child == 0) {
        be_holder(task, parent, deadline.left_ns());
    }
    writing.reset();
    wait_for_end(reading.get(), deadline);
    end_child(child);
    return 0;
}

void take(const HeldSlot& slot, const char* stack, std::size_t room, RunningSample& into) {
    into.outcome = slot.outcome.load(std::memory_order_acquire);
    into.error = slot.error;
    into.taken_at_ns = slot.taken_at_ns;
    into.registers = slot.registers;
    if (into.outcome == Outcome::captured) {
        into.stack.assign(stack, std::min<std::size_t>(slot.stack_bytes, room));
        into.stack_cut = into.stack.size() == room;
    }
}

int hold_some(const HoldAsked& asked, std::span<RunningSample* const> samples, const Deadline& deadline) {
    const auto slots_bytes = samples.size() * sizeof(HeldSlot);
    const SharedMemory memory{slots_bytes + samples.size() * asked.stack_bytes};
    if (!memory) {
        return errno;
    }
    auto* first = std::uninitialized_value_construct_n(static_cast<HeldSlot*>(static_cast<void*>(memory.begin())),
                                                       samples.size()) -
                  static_cast<std::ptrdiff_t>(samples.size());
    const std::span slots{first, samples.size()};
    for (std::size_t at = 0; at < slots.size(); ++at) {
        slots[at].tid = samples[at]->tid;
    }
    const auto directory = asked.process_directory + "/task/";
    const auto file = asked.process_directory + "/mem";
    const std::span stacks{memory.begin() + slots_bytes, samples.size() * asked.stack_bytes};
    if (const auto error = run_holder({directory.c_str(), file.c_str(), slots, stacks, asked.stack_bytes}, deadline)) {
        return error;
    }
    for (std::size_t at = 0; at < slots.size(); ++at) {
        take(slots[at], stacks.data() + at * asked.stack_bytes, asked.stack_bytes, *samples[at]);
    }
    return 0;
}

} // namespace

int hold_and_copy(const HoldAsked& asked, std::span<RunningSample> samples, const Deadline& deadline) {
    std::vector<RunningSample*> wanted;
    for (auto& sample : samples) {
        if (sample.outcome == Outcome::unanswered) {
            wanted.push_back(&sample);
        }
    }
    std::ranges::sort(wanted, {}, &RunningSample::tid);
    const auto at_once = std::max<std::size_t>(most_shared / std::max<std::size_t>(asked.stack_bytes, 1), 1);
    std::span<RunningSample* const> left{wanted};
    while (!left.empty() && !deadline.passed()) {
        const auto some = left.first(std::min(left.size(), at_once));
        if (const auto error = hold_some(asked, some, deadline)) {
            return error;
        }
        left = left.subspan(some.size());
    }
    return 0;
}

} // namespace tasks::inspect
