// A child process that holds threads of another process for us and that surely ends: at the deadline, with us if we are
// killed, and without being stopped with us by ^Z. What it held then, the kernel lets go, so that nothing stays stopped
// whatever happens. Made by fork() from a process of one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace tasks::inspect {

/// Memory that a forked child writes to as well; pages that nobody touches cost nothing.
class SharedMemory {
public:
    explicit SharedMemory(std::size_t bytes);
    ~SharedMemory();
    SharedMemory(const SharedMemory&) = delete;
    SharedMemory& operator=(const SharedMemory&) = delete;

    explicit operator bool() const noexcept { return memory_ != nullptr; }
    char* begin() const noexcept { return memory_; }

private:
    std::size_t bytes_;
    char* memory_; ///< null: there was none, and errno says why
};

/// In the child: a fatal alarm at the deadline, which also ends a wait for the target's memory, and death with
/// `parent`. False: the parent has died already.
bool be_mortal(pid_t parent, std::uint64_t left_ns);

/// Kills it and waits a moment for its end: a child that hangs in the kernel dies later, and init reaps it.
void end_child(pid_t child);

} // namespace tasks::inspect
