// All threads of a process held at one moment, for a dump in which everything is of the same instant (--stop). Its
// price: the process stands still meanwhile (1,000 threads: some 50 ms), and a blocked thread that is held sees EINTR
// in the calls that ptrace interrupts (epoll_wait, sigwaitinfo, semop, ...: 10 of 40). A child process holds them, see
// mortal_child.hpp: whatever happens to us, the kernel lets go. Threads in an uninterruptible wait (D) cannot be held;
// they stand still anyway.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

#include <tasks/protocol/result.hpp>

#include "capture/deadline.hpp"
#include "capture/file_descriptor.hpp"
#include "capture/running_registers.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

class StoppedProcess {
public:
    /// The errno with which the kernel refuses it. Every thread that could be held stands still when this returns.
    static Result<StoppedProcess, int> stop(const World& world, std::uint32_t pid, const Deadline& deadline);
    ~StoppedProcess();
    StoppedProcess(StoppedProcess&& other) noexcept;
    StoppedProcess& operator=(StoppedProcess&&) = delete;

    /// Of a held thread, numbered as we see it; null: it is not held.
    const RunningRegisters* registers_of(std::uint32_t tid) const;
    std::size_t held() const noexcept;
    std::uint64_t since_ns() const noexcept { return since_ns_; } ///< CLOCK_MONOTONIC when all stood still

private:
    struct Held;
    struct Memory;
    StoppedProcess() noexcept;

    std::unique_ptr<Memory> memory_;
    FileDescriptor release_; ///< closed: the child lets go
    FileDescriptor ended_;   ///< closed at the other end when it has
    pid_t child_ = -1;
    std::uint64_t since_ns_ = 0;
};

} // namespace tasks::inspect
