// A child process for tests to look at: runs a function or a program, in a process group of its own that is killed
// with its owner. What it does
// is waited for, never assumed: a child counts as blocked when /proc says so, in the program that is meant.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "inspect/unwind/outside_capture.hpp"
#include "unwind/unwinder.hpp"

namespace tasks::test {

class BlockedChild {
public:
    /// `body` runs in a forked child, which exits when it returns.
    static BlockedChild running(const std::function<void()>& body);
    /// stdin is /dev/null, as it may be for us.
    static BlockedChild executing(const std::vector<std::string>& words);

    BlockedChild(BlockedChild&& other) noexcept : pid_(std::exchange(other.pid_, -1)), program_(other.program_) {}
    BlockedChild& operator=(BlockedChild&&) = delete;
    ~BlockedChild();

    int pid() const noexcept { return pid_; }
    /// Fails the test when the thread is not blocked in that system call of the right program within 30 s.
    void await(int tid, int syscall) const;
    void await(int syscall) const { await(pid_, syscall); }
    /// Until there are that many threads, all of them blocked in that call but for the first; their ids.
    std::vector<int> await_threads(std::size_t count, int syscall) const;

private:
    BlockedChild(int pid, std::string program) : pid_(pid), program_(std::move(program)) {}
    bool is_blocked(int tid, int syscall) const;

    int pid_;
    std::string program_; ///< what /proc/PID/exe must say
};

/// A child's modules and the unwinder over them.
struct Inspection {
    explicit Inspection(int process)
        : pid(process), map(modules_of(process), {static_cast<std::uint32_t>(process)}), unwinder(map) {}

    inspect::Trace trace(int tid) { return unwinder.unwind(captured(pid, tid)); }
    inspect::Trace trace() { return trace(pid); }

    int pid;
    inspect::ModuleMap map;
    inspect::Unwinder unwinder;
};

} // namespace tasks::test
