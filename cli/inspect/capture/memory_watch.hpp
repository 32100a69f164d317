// Reading a process's memory can hang whoever reads: a page comes from a userfaultfd or a FUSE file that nobody serves,
// or a sick thread holds the lock of the memory map. Only a fatal signal ends such a wait (TASK_KILLABLE), so a look at
// memory runs on a thread of its own, which is left where it hangs: it touches nothing again and ends with the command.
// Rejected: a child process, which would have to hand over every thread's facts (10 us a thread; this costs 50 us a
// look). A left thread never answers setresuid(3), which asks all threads: who hung cannot become another user.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include <sys/types.h>
#include <sys/uio.h>

namespace tasks::inspect {

/// One a capture: it gives up on a process whose memory hangs again and again. Used by one thread.
class MemoryWatch {
public:
    /// How long one read may take: none of a healthy process took 10 ms, on a machine with four times as many runnable
    /// threads as processors.
    static constexpr std::uint64_t patience_ns = 150'000'000;
    static constexpr int most_hangs = 3; ///< so that half a second of a deadline of one is left for the rest

    /// Runs `look`, whose reads of memory, by read_memory(), are watched. False: it hangs in one, or was not begun
    /// since too many have. What `look` refers to may then go away. What it throws is thrown here.
    bool run(const std::function<void()>& look);

    bool gave_up() const noexcept { return hangs_ >= most_hangs; }
    int hangs() const noexcept { return hangs_; }

private:
    int hangs_ = 0;
};

/// Runs `work` on this thread and on one more at once, which is watched with it: the look hangs when both do. On this
/// one alone where the machine has no room for a thread. What it throws is thrown here when both have ended.
void look_in_two_threads(const std::function<void()>& work);

/// For what waits for the look's other thread, which may hang in a read.
void wait_in_look(const std::function<void()>& wait);

/// process_vm_readv(2): how many bytes came, up to the first page that could not be read. Does not return where
/// MemoryWatch has left its thread.
std::size_t read_memory(pid_t pid, std::span<const iovec> remote, std::span<char> into);

/// The same of an open /proc/PID/mem. The bytes go where they are wanted at once: `into` must be the watched thread's
/// own, which stays with it where it is left.
std::size_t read_memory_file(int fd, std::uint64_t address, std::span<char> into);

} // namespace tasks::inspect
