// What every task was doing when the process died: as GOTRACEBACK, for C++.
//
//     int main() {
//         tasks::Agent agent{{.name = "payments"}};
//         tasks::install_crash_dump();
//         ...
//     }
//
// On SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT (abort(), std::terminate, an exception that nobody catches), SIGTRAP,
// SIGSYS and SIGQUIT the thread that is struck writes what all tasks of the process do, itself first, and the process
// then ends as it would have without this: by the handler that was there before, else by the same signal with the same
// core. The raw dump is text with stack bytes (PROFILE.md): `tasks stack --from FILE` shows it with names and lines.
// Where a `tasks` command is found it is started and prints just that, while the process still stands.
//
// TASKS_TRACEBACK=none|single|all|system in the environment counts before the level that the program gives; and with
// single, all or system an Agent that starts installs it in a program that does not.
//
// It runs on stacks of its own and takes no lock and no memory when it happens. Every step has an end: the dump and the
// command their deadlines below. A fault within the dump ends the dump, which says so; a second thread that crashes
// meanwhile waits for it. One dump is made in a process. A forked child has none until it installs it itself.
//
// A stack that overflows leaves no room for a handler: the thread that installs has a stack for it (sigaltstack), and
// so has each whose first Job, Wait or Label comes afterwards, or that `tasks run` saw made, and any that makes a
// CrashStack.
// In other threads an overflow ends the process without a dump; other faults are dumped there too, if 16 KiB of the
// stack are left.
//
// Install it before runtimes that handle faults as part of their work (a virtual machine, a debugger's stub): what is
// installed later is asked first. Signals that are ignored are left alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tasks/export.h>

namespace tasks {

enum class Traceback {
    none,   ///< no dump
    single, ///< the task that crashed
    all,    ///< every task
    system, ///< the agent's own thread too; the command shows each task by itself, with the frames of libraries
};

struct CrashDumpOptions {
    Traceback level = Traceback::all;
    /// A file, absolute, that is written anew; or, with a "/" at its end, a directory, in which it is named
    /// NAME.PID-START.crash. Mode 0600: there are stack bytes in it. Empty: beside the agent's table, PID-START.crash;
    /// where no agent runs the raw dump goes to standard error, but not if the command below shows it there. Copied.
    std::string_view path{};
    /// The `tasks` command. Empty: $TASKS_BINARY, else the one in $PATH, looked up now. "-": none is started. Copied.
    std::string_view command{};
    /// How long the dump may take in milliseconds; 10 to 60,000. What it did not come to is told as missing.
    std::uint32_t deadline_ms = 2000;
    /// How long the command may take; it is killed then. 10 to 600,000.
    std::uint32_t command_deadline_ms = 5000;
};

/// 0, or an errno value: ENOMEM; EINVAL for a path that is neither empty nor absolute; ENAMETOOLONG; what sigaction()
/// says. Of a second call only the level counts. Any thread; not from a signal handler. May run before or after an
/// Agent is made. Takes some MiB of addresses a process and 72 KiB a thread, next to no memory until a crash, no thread
/// and no descriptor.
TASKS_EXPORT int install_crash_dump(const CrashDumpOptions& options) noexcept;
inline int install_crash_dump(Traceback level = Traceback::all) noexcept {
    CrashDumpOptions options;
    options.level = level;
    return install_crash_dump(options);
}

/// A stack for signal handlers, for the thread that makes it and until it is destroyed there: so that an overflow of
/// the thread's own stack is dumped. Nothing where the thread has one (its host's, or ours).
class TASKS_EXPORT CrashStack {
public:
    CrashStack() noexcept;
    ~CrashStack();
    CrashStack(const CrashStack&) = delete;
    CrashStack& operator=(const CrashStack&) = delete;

private:
    void* memory_;
};

} // namespace tasks
