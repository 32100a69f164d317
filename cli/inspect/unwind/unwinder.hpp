// Unwinds copied stack bytes offline with the CFI of the target's files (libdw), rows cached by pc. RBP, which
// /proc/PID/task/TID/syscall does not tell, is recovered from the stack. Never touches the target.
// One thread at a time.
#pragma once

#include <memory>

#include "capture/snapshot.hpp"
#include "unwind/module_map.hpp"
#include "unwind/trace.hpp"

namespace tasks::inspect {

class Unwinder {
public:
    explicit Unwinder(ModuleMap& modules);
    ~Unwinder();

    static constexpr std::size_t default_max_frames = 256;

    /// The thread's call chain. Always ends: each step must move the stack pointer up, inside the copied bytes.
    /// A thread that was not captured gives an empty trace.
    Trace unwind(const ThreadFacts& thread, std::size_t max_frames = default_max_frames);

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace tasks::inspect
