// Captures one blocked thread of this process without stopping or signalling it: `schedstat` and `syscall` of
// /proc/self/task/TID, the stack from its sp by process_vm_readv on ourselves, then both files again. Unchanged means
// that the thread did not run meanwhile: the copy is exact (0 torn of 184,000; without the second look at schedstat
// 5 of 191,000, without both 14 of 208,000). A thread that did run is looked at three times in all.
// Costs 12-16 us a thread; when it last ran costs as much again. No allocation. On the agent's thread.
// Compiled with TASKS_TORN_CAPTURE the second look is left out: only for the test that shows that it is needed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <tasks/protocol/messages.hpp>

#include "owned_fd.hpp"
#include "scheduler_clock.hpp"

namespace tasks::agent {

struct CaptureSettings {
    std::size_t stack_bytes = protocol::default_stack_bytes; ///< 0: no stack, only what the thread waits for
    bool last_ran = true;
};

/// What a thread's `syscall` file says (proc_pid_syscall(5)).
struct SyscallState {
    bool running = false;
    std::int32_t number = -1; ///< -1: blocked outside of a system call
    std::array<std::uint64_t, 6> arguments{};
    std::uint64_t sp = 0;
    std::uint64_t pc = 0;
};
bool parse_syscall(std::string_view text, SyscallState& state) noexcept;

/// A thread of which only that is known.
protocol::ThreadStack not_captured(std::uint32_t tid, protocol::Capture why, std::uint64_t at_ns) noexcept;

class ThreadCapture {
public:
    /// One stack of the largest size, and one byte more to see whether it goes on.
    static constexpr std::size_t stack_memory_bytes = protocol::max_stack_bytes + 1;
    static constexpr std::size_t text_bytes = 4096; ///< of one /proc file
    static constexpr std::size_t text_memory_bytes = 6 * text_bytes;

    /// The memories and the fd belong to the caller; `clocks` must have begun when the settings want last_ran.
    ThreadCapture(int task_directory, std::span<char> stack_memory, std::span<char> text_memory,
                  SchedulerClocks& clocks) noexcept;

    /// What came of that thread; texts and stack are in the memories until the next call.
    protocol::ThreadStack capture(std::uint32_t tid, const CaptureSettings& settings) noexcept;

    /// What the thread is called; in the memory until the next call.
    std::string_view name(std::uint32_t tid) const noexcept;
    /// A thread of which only its name and that are known.
    protocol::ThreadStack told_as(std::uint32_t tid, protocol::Capture why) const noexcept;

private:
    struct Files {
        OwnedFd schedstat;
        OwnedFd syscall;
    };
    struct Look {
        std::string_view schedstat;
        std::string_view syscall;
    };
    enum class Attempt { same, changed, running, gone, unreadable };

    std::span<char> text(std::size_t index) const noexcept {
        return text_memory_.subspan(index * text_bytes, text_bytes);
    }
    OwnedFd open(std::uint32_t tid, const char* file) const noexcept;
    std::string_view read(std::uint32_t tid, const char* file, std::size_t index) const noexcept;
    std::int64_t look(const Files& files, std::size_t index, Look& look) const noexcept;
    Attempt attempt(const Files& files, std::size_t stack_bytes, protocol::ThreadStack& thread) const noexcept;
    void copy_stack(std::size_t stack_bytes, protocol::ThreadStack& thread) const noexcept;
    void read_last_ran(protocol::ThreadStack& thread) const noexcept;

    int task_directory_;
    std::span<char> stack_memory_;
    std::span<char> text_memory_;
    SchedulerClocks& clocks_;
};

} // namespace tasks::agent
