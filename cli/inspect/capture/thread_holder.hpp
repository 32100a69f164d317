// What the child process of ptrace_threads does: it seizes and interrupts threads that run, all at once, copies the
// registers and the stack of each as it stops, and lets it go. Runs there with system calls only, between
// memory that it shares with its parent. Ends with the child: whatever is still held then, the kernel lets go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "capture/running_sample.hpp"

namespace tasks::inspect {

/// One thread, in memory that parent and child share. The child writes `outcome` last.
struct HeldSlot {
    std::uint32_t tid = 0;
    bool in_flight = false; ///< the child's own note: interrupted, not yet done with
    std::atomic<RunningSample::Outcome> outcome{RunningSample::Outcome::unanswered};
    std::int32_t error = 0;
    std::uint32_t stack_bytes = 0; ///< of its part of HolderTask::stacks, filled
    std::uint64_t taken_at_ns = 0;
    RunningRegisters registers{};
};

struct HolderTask {
    const char* task_directory = nullptr; ///< "/proc/12/task/": what runs is looked up just before it is interrupted
    const char* memory_file = nullptr;    ///< "/proc/12/mem"
    std::span<HeldSlot> slots;            ///< ordered by tid
    std::span<char> stacks;               ///< stack_room bytes for each slot
    std::size_t stack_room = 0;
};

void hold_threads(const HolderTask& task) noexcept;

} // namespace tasks::inspect
