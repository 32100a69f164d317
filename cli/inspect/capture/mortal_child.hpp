// Child processes that do for us what may hang or must not outlive us: they end with us if we are killed, and when they
// are late we end them. Those that hold threads of another process end by themselves too: at the deadline, and without
// being stopped with us by ^Z; what they held then, the kernel lets go, so that nothing stays stopped whatever happens.
// Made by fork() from a process of one thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include <functional>

#include <sys/types.h>

#include <tasks/protocol/result.hpp>

#include "capture/file_descriptor.hpp"

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

struct Pipe {
    FileDescriptor reading;
    FileDescriptor writing;
};
/// An errno where there is none.
Result<Pipe, int> make_pipe();

/// A child, and what it writes: at its end, nothing more comes.
struct PipedChild {
    pid_t pid = -1;
    FileDescriptor pipe;
};

/// Makes a child that does `work`, handed the pipe's other end, and then ends. It dies with us. An errno where there is
/// none.
Result<PipedChild, int> start_child(const std::function<void(int pipe)>& work);

/// Kills it and waits a moment for its end: a child that hangs in the kernel dies later, and init reaps it.
void end_child(pid_t child);

} // namespace tasks::inspect
