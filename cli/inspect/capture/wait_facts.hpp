// What a blocked thread waits on, from its system call and arguments: the fd and what it is, how many fds, how long,
// and the memory around a futex. Reads /proc and the target's memory at the moment of the capture; stops nothing. What
// the process is asked once (what an fd is, whose clocks it has) is kept for the threads after. One thread at a time.
#pragma once

#include "capture/fd_names.hpp"
#include "capture/process_memory.hpp"
#include "capture/snapshot.hpp"
#include "capture/syscall_arguments.hpp"
#include "capture/world.hpp"

namespace tasks::inspect {

class WaitReader {
public:
    /// `pid` as we see it; 0: of a core, where the memory is all there is. World and memory must outlive it.
    WaitReader(const World& world, std::uint32_t pid, const ProcessMemory& memory)
        : world_(world), pid_(pid), memory_(memory), fds_(world, pid) {}

    /// Fills `thread.wait` of a thread that is in a system call; what cannot be read stays unset.
    void read(ThreadFacts& thread);

private:
    void read_fds(const WaitArguments& told, WaitFacts& wait);
    void read_time(const WaitArguments& told, WaitFacts& wait);
    std::optional<std::uint64_t> clock_now(std::uint32_t clock);
    std::optional<std::uint32_t> in_sets(const WaitArguments& told) const;
    bool own_clocks();

    const World& world_;
    std::uint32_t pid_;
    const ProcessMemory& memory_;
    FdNames fds_;
    std::optional<bool> own_clocks_;
};

/// The bytes around the futex anew, without the rest.
void read_futex_bytes(const ProcessMemory& memory, WaitFacts& wait);

} // namespace tasks::inspect
