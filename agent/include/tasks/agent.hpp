// The agent: one object that makes this process visible to the `tasks` command.
//
//     int main() {
//         tasks::Agent agent{{.name = "payments"}};
//         ...
//     }
//
// It opens a Unix socket and a task table in a directory of this user, and runs one thread, "tasks-agent", with
// all signals blocked, asleep unless somebody asks. It never throws, prints, exits, forks, or touches the
// host's signals; where something fails the host runs on and error() says why.
// Environment: TASKS_AGENT=off disables it; TASKS_DIR moves its files.
//
// When to make it:
// - A daemon: after the last fork(). A forked child has no agent: its jobs do nothing, and the agent's descriptors are
//   closed in it. It may make an Agent of its own; AgentOptions::start_after_fork does that for it.
// - A service that gives up root: after that. Clients are compared with the effective uid of the moment, but the files
//   stay the first user's: the new one can neither find them nor remove them.
// - A process that enters a user namespace by unshare() or setns(): after that. The agent's thread makes two, and the
//   kernel answers EINVAL to those that are not alone; setns() into a mount namespace needs unshare(CLONE_FS) first.
//   chroot(), chdir() and the other namespaces may come at any time.
// - A host that closes all descriptors that it does not know: after that. Done later, it silences the agent: the table
//   is what `tasks` reads then, in the room that it has. What the host opens under the same numbers is left alone.
// exit() and quick_exit() remove its files though an Agent is alive; _exit(), abort() and signals leave them. After
// exec() nothing of it is left but the files. A plugin may link it: its library stays mapped after dlclose().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <tasks/export.h>

namespace tasks {

/// What the agent does when all tasks of the process are asleep for ever.
enum class WhenAsleep {
    nothing, ///< it does not look
    dump,    ///< a crash dump (tasks/crash_dump.hpp), once; the process stays as it is
    abort,   ///< the same, then abort()
};

/// A number outside of its bounds is moved to the nearest one inside; that is no error.
struct AgentOptions {
    /// What the process calls itself in lists; at most 63 bytes are kept. Empty: the program's file name. Copied.
    std::string_view name{};
    /// Directory for socket and table, absolute; another is refused. Empty: see tasks-agent(3), FILES. Copied.
    std::string_view directory{};
    /// The largest size of the table in bytes; jobs beyond it are counted as dropped. 128 bytes a job.
    /// 64 KiB to 16 GiB.
    std::size_t table_cap_bytes = std::size_t{64} << 20;
    /// The size that it starts with; it grows ahead of need on the agent's thread, a burst may outrun it.
    /// 64 KiB to table_cap_bytes.
    std::size_t table_initial_bytes = std::size_t{512} << 10;
    /// How long a client may take to send a request that it has begun, and to take each frame of an answer, in
    /// milliseconds; 10 to 600,000. One that takes longer is dropped.
    std::uint32_t deadline_ms = 2000;
    /// Seconds between two entries of the history from which growth is told; 10 to 3,600. None is written while no job
    /// is registered.
    std::uint32_t history_interval_s = 10;
    /// A signal by which threads that run are captured too: SIGPROF, SIGURG, SIGUSR1, SIGUSR2 or SIGRTMIN + n; 0: none,
    /// they are told as "running, not captured". The agent then installs a handler for it with SA_RESTART | SA_ONSTACK,
    /// unless the host has one or ignores it: error() says so. The handler stays when the agent has stopped, since a
    /// signal may still be on its way; a later agent with another signal runs without it. Threads that block it, and
    /// such as run on small stacks of their own (fibers), should not be in a process that opts in: the frame that the
    /// kernel puts on the stack needs 12 KiB. A call that the kernel never restarts after a handler (poll, epoll_wait,
    /// select, nanosleep, those with a timeout: signal(7)) may fail with EINTR in a thread that had just been running.
    /// SIGURG is the best choice: of a signal that meets an exec() the new program sees the default, which for the
    /// others is its end.
    int capture_signal = 0;
    /// Starts an agent, with these options, in children made by fork(), which have none otherwise. Not in those of
    /// vfork(), posix_spawn(), _Fork() and raw clone(), nor while another thread starts or stops the agent. Costs the
    /// child what a start costs, 1 ms; one that only calls exec() has no use for it. The child's copies of this
    /// process's Agent objects count as its users: the last one that is destroyed there stops the child's agent, and no
    /// other. Where it cannot start in the child nothing is said; an Agent made there joins it, or tries again and
    /// tells why.
    bool start_after_fork = false;
    /// As Go's "all goroutines are asleep": the agent's thread looks every 3 s whether every thread of the host waits,
    /// without a timeout, for another one of the process (a mutex, a condition variable, a join), every task that no
    /// thread carries for another task, and no signal that others send has a handler; if that is so at two looks, and
    /// none ran in between, it writes a crash dump. A thread that polls, accepts, reads, sleeps or waits for a signal
    /// keeps the process awake, as does a lock that it shares with another process. Starting with this option installs
    /// the crash dump (tasks/crash_dump.hpp).
    WhenAsleep when_asleep = WhenAsleep::nothing;
};

/// Starts the agent on construction, stops it on destruction. At most one runs in a process: a second Agent joins the
/// first, whose options count (its own are ignored), and the last to go stops it. Of two copies of the static library
/// in one process (a program's and a plugin's) the second does not run, and error() says so: link both with the shared
/// one. Constructor and destructor may be called on any thread, not from a signal handler. The destructor waits 2 s for
/// the agent's thread at the most. Jobs and waits may outlive it: they then do nothing. In a child after fork() it is
/// inert, but for start_after_fork.
class TASKS_EXPORT Agent {
public:
    Agent() noexcept : Agent(AgentOptions{}) {}
    explicit Agent(const AgentOptions& options) noexcept;
    ~Agent();
    Agent(const Agent&) = delete;
    Agent& operator=(const Agent&) = delete;

    /// Why it does not run, or what part of it does not (socket or table), as a sentence; empty: all is well.
    /// A zero byte follows it. Cut after 511 bytes. The view lives as long as this object. Any thread.
    std::string_view error() const noexcept { return {error_, error_bytes_}; }

private:
    char error_[512]{};
    std::size_t error_bytes_ = 0;
    std::uint64_t run_ = 0; // which start of the agent this object is counted in; 0: none
};

/// The number of tasks in this process now, as runtime.NumGoroutine() counts goroutines: registered jobs, plus OS
/// threads that carry none. Not counted: the agent's own thread, and one that has had a job, wait or label and is
/// ending, from the destructors of its thread-specific data on. Works without a running Agent (threads only). 0 where
/// /proc cannot be read. No allocation, no lock; two system calls and one for each thread that just ended. Any thread,
/// not from a signal handler.
TASKS_EXPORT std::size_t count() noexcept;

} // namespace tasks
