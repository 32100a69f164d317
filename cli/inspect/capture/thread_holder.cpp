#include "capture/thread_holder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/traced_stop.hpp"

namespace tasks::inspect {
namespace {

using Outcome = RunningSample::Outcome;

std::uint64_t now_ns() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

/// A thread that blocks would see EINTR in some calls: it is left alone. The look is 3 us before the interruption.
bool runs_now(const char* task_directory, std::uint32_t tid) noexcept {
    std::array<char, 512> path{};
    const int length = std::snprintf(path.data(), path.size(), "%s%u/syscall", task_directory, tid);
    if (length < 0 || static_cast<std::size_t>(length) >= path.size()) {
        return true;
    }
    const int file = ::open(path.data(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return true; // the kernel tells at once what is wrong with it
    }
    constexpr std::string_view running = "running";
    std::array<char, running.size()> told{};
    const auto count = ::read(file, told.data(), told.size());
    ::close(file);
    return count <= 0 || std::string_view{told.data(), static_cast<std::size_t>(count)} == running;
}

void finish(HeldSlot& slot, Outcome outcome, int error = 0) noexcept {
    slot.in_flight = false;
    slot.error = error;
    slot.outcome.store(outcome, std::memory_order_release);
}

/// Of a thread that stands still.
Outcome copy(const HolderTask& task, int memory, HeldSlot& slot) noexcept {
    const auto registers = read_registers(static_cast<pid_t>(slot.tid));
    if (!registers) {
        return registers.error() == ENOEXEC ? Outcome::foreign : Outcome::ended;
    }
    slot.registers = *registers;
    slot.taken_at_ns = now_ns();
    const auto part = task.stacks.subspan(static_cast<std::size_t>(&slot - task.slots.data()) * task.stack_room);
    const auto count = ::pread(memory, part.data(), task.stack_room, static_cast<off_t>(slot.registers[running_sp]));
    slot.stack_bytes = count > 0 ? static_cast<std::uint32_t>(count) : 0;
    return Outcome::captured;
}

HeldSlot* slot_of(std::span<HeldSlot> slots, std::uint32_t tid) noexcept {
    const auto found = std::ranges::lower_bound(slots, tid, {}, &HeldSlot::tid);
    return found != slots.end() && found->tid == tid ? &*found : nullptr;
}

class Holder {
public:
    Holder(const HolderTask& task, int memory) noexcept : task_(task), memory_(memory) {}

    /// Those that have stopped are let go while others are still interrupted: each is held for microseconds.
    void run() noexcept {
        for (auto& slot : task_.slots) {
            interrupt(slot);
            while (serve(WNOHANG)) {
            }
        }
        while (in_flight_ > 0 && serve(0)) {
        }
    }

private:
    void interrupt(HeldSlot& slot) noexcept {
        if (!runs_now(task_.task_directory, slot.tid)) {
            finish(slot, Outcome::blocked);
            return;
        }
        const auto tid = static_cast<pid_t>(slot.tid);
        if (::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0 ||
            ::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0) {
            finish(slot, errno == ESRCH ? Outcome::ended : Outcome::refused, errno);
            return;
        }
        slot.in_flight = true;
        ++in_flight_;
    }

    /// True when a thread stopped or ended.
    bool serve(int flags) noexcept {
        int status = 0;
        const auto tid = ::waitpid(-1, &status, __WALL | flags);
        if (tid <= 0) {
            return tid < 0 && errno == EINTR;
        }
        auto* slot = slot_of(task_.slots, static_cast<std::uint32_t>(tid));
        const bool wanted = slot != nullptr && slot->in_flight;
        auto outcome = Outcome::ended;
        if (WIFSTOPPED(status)) {
            outcome = wanted ? copy(task_, memory_, *slot) : outcome;
            ::ptrace(PTRACE_DETACH, tid, nullptr, signal_of_stop(status));
        }
        if (wanted) {
            finish(*slot, outcome);
            --in_flight_;
        }
        return true;
    }

    const HolderTask& task_;
    int memory_;
    std::size_t in_flight_ = 0; ///< interrupted, and not seen since
};

} // namespace

void hold_threads(const HolderTask& task) noexcept {
    const int memory = ::open(task.memory_file, O_RDONLY | O_CLOEXEC);
    if (memory < 0) {
        std::ranges::for_each(task.slots, [](HeldSlot& slot) { finish(slot, Outcome::refused, errno); });
        return;
    }
    Holder{task, memory}.run();
}

} // namespace tasks::inspect
