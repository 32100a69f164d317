// All that was captured of one process at one moment: raw facts, nothing judged yet, and unwound only where it was
// saved. Every command is made from one of these, whatever it was captured from: the agent's socket, the table alone
// (process hung, stopped or dead), /proc, a profile, a saved snapshot, a core file. Value types, owned by whoever holds
// them; times are CLOCK_MONOTONIC nanoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tasks/protocol/messages.hpp>
#include <tasks/protocol/table_layout.hpp>

#include "coroutines/coroutine_facts.hpp"
#include "symbols/frame.hpp"
#include "unwind/trace.hpp"

namespace tasks::inspect {

/// How the process stands with its agent.
enum class AgentState {
    answers,
    hung,    ///< the socket is there, no answer came in time: facts are the table's and /proc's
    stopped, ///< the process is stopped by a signal: likewise
    refused, ///< the agent answered that we may not ask
    dead,    ///< the process is gone, its table is left
    none,    ///< it has no agent: facts are /proc's and its memory's
    profile, ///< nobody was asked: it wrote this itself, into a file; its pid may be another process's by now
    core,    ///< nobody was asked: this is its core file; likewise
};

/// The file that a snapshot was read from, where it was.
enum class FileKind : std::uint8_t { none, profile, snapshot, core };

struct SourceFile {
    FileKind kind = FileKind::none;
    std::string path; ///< "-": standard input
};

/// The signal that a core or a crash dump was made at.
struct EndSignal {
    std::uint32_t number = 0;
    std::optional<std::uint64_t> address{}; ///< whose access, or the instruction at which, made a fault
    std::uint32_t tid = 0;                  ///< the thread that it struck; 0: not known
    bool terminated = false;                ///< std::terminate was called; only of a crash dump, as what follows
    std::string exception_type{};           ///< as mangled; "" none was in flight, or not known
    std::string exception_text{};           ///< its what()
};

/// Which process this is.
struct ProcessFacts {
    std::uint32_t pid = 0; ///< as we see it
    std::uint32_t ppid = 0;
    std::uint64_t start_time_ticks = 0;
    std::uint32_t uid = 0;
    std::string user; ///< the uid's name, or its number
    std::string name;
    std::string exe; ///< path; "" not known
    AgentState agent = AgentState::answers;
    SourceFile from{};
    std::optional<EndSignal> signal{}; ///< only of a core or a crash dump
    bool asleep = false;               ///< it wrote a dump because no task of it could ever go on
};

/// A place in the target's source with its literal name.
struct SiteFacts {
    std::string name;
    std::string function;
    std::string file;
    std::uint32_t line = 0;
};

/// What a task works for, in the host's terms: request=8431.
struct LabelFacts {
    std::string key;
    std::string text;
    bool cut = false; ///< the host's text was longer

    bool operator==(const LabelFacts&) const = default;
};

/// One registered task; 48 bytes, since there may be a million. Sites are indexes into Snapshot::sites.
struct TaskFacts {
    std::uint64_t id = 0;
    std::uint64_t since_ns = 0;    ///< in this state since; 0: not known
    std::uint64_t wait_object = 0; ///< an address; 0: none
    std::uint32_t scopes = 0;      ///< index into Snapshot::scope_lists: `outer > inner`
    std::uint32_t wait_site = 0;   ///< 0: none
    std::uint32_t tid = 0;         ///< the thread that carries it; 0: none
    std::uint32_t label = 0;       ///< index into Snapshot::labels; 0: none
    protocol::Kind kind = protocol::Kind::unknown;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    std::uint32_t frame = 0; ///< index into Snapshot::task_frames; 0: no coroutine or fiber
};
static_assert(sizeof(TaskFacts) == 48);

/// What is registered of a coroutine or a fiber besides.
struct TaskFrameFacts {
    std::uint64_t frame = 0;      ///< its address: CoroutineFrame::address; 0: not known
    std::uint64_t awaited_by = 0; ///< id of the task in whose logical stack it is a frame; 0: it is a task of its own
    std::uint64_t started_by = 0; ///< id of the task that started it, of one that is not awaited; 0: not known
    std::uint64_t creator_pc = 0; ///< return address in the caller of the coroutine function; 0: not known
    std::uint64_t created_in_pc = 0; ///< return address in what registered it: the coroutine function; 0: not known

    bool operator==(const TaskFrameFacts&) const = default;
};

/// The nested scopes of a task, outermost first.
struct ScopeList {
    std::vector<std::uint32_t> sites; ///< indexes into Snapshot::sites
    std::uint32_t left_out = 0;

    bool operator==(const ScopeList&) const = default;
};

/// What a blocked thread waits on, as far as its system call tells. Taken with the thread, so that a saved snapshot
/// has it too.
struct WaitFacts {
    int fd = -1;                             ///< that it reads, writes, accepts or connects; -1: none
    std::string fd_target;                   ///< "socket 10.0.0.7:5432", "pipe", a path; "" not known
    std::optional<std::uint32_t> fds;        ///< how many a poll or epoll waits for
    std::optional<std::uint64_t> timeout_ns; ///< of the whole call; unset: none, or not known
    bool timeout_is_left = false;            ///< the call waits until a moment: timeout_ns is what was left until it
    std::uint64_t futex = 0;                 ///< the word's address; 0: no futex
    std::uint64_t futex_bytes_at = 0;        ///< where futex_bytes lie
    std::string futex_bytes;                 ///< memory around the word: the lock that it is part of
    bool steady = false; ///< it waited, without running, at one moment together with all others that are steady
};

/// How a thread that ran was captured.
enum class RunningBy : std::uint8_t {
    none,        ///< it was not, or was blocked
    signal,      ///< by its agent's capture signal
    perf_sample, ///< by a sample of the kernel's, while it went on
    ptrace,      ///< it alone was held for some microseconds
};

/// Who made a thread, where and when. Known of what `tasks run` started.
struct BirthFacts {
    std::uint32_t tid = 0;
    std::uint32_t creator_tid = 0;
    std::uint64_t born_ns = 0;      ///< CLOCK_MONOTONIC; 0: not known
    std::vector<std::uint64_t> pcs; ///< return addresses, innermost first; empty: not known
};

/// When a thread began, and how it has spent its time. Only where it was asked for; it is not saved.
struct ThreadTimes {
    std::uint64_t start_ticks = 0;          ///< since boot: with the tid, which thread it is
    std::uint64_t born_ns = 0;              ///< CLOCK_MONOTONIC, as exact as a tick (10 ms)
    std::uint64_t ran_ns = 0;               ///< on a processor, all its life
    std::uint64_t queued_ns = 0;            ///< ready to run, without a processor
    std::uint64_t read_at_ns = 0;           ///< CLOCK_MONOTONIC
    std::optional<std::uint64_t> kernel_ns; ///< of ran_ns, in the kernel, as exact as a tick
    std::optional<std::uint64_t> sleeps;    ///< how often it went to sleep by itself (voluntary switches)
};

/// One OS thread (never the agent's own).
struct ThreadFacts {
    std::uint32_t tid = 0;
    std::string name;
    protocol::Capture capture = protocol::Capture::unknown;
    std::int32_t syscall = -1; ///< its number; -1: none
    std::array<std::uint64_t, 6> arguments{};
    std::uint64_t sp = 0;
    std::uint64_t pc = 0;
    std::string stack; ///< bytes from sp upwards
    bool stack_cut = false;
    std::optional<std::uint64_t> last_ran_ago_ns; ///< scheduler clock; any wake-up resets it
    std::uint64_t taken_at_ns = 0;
    std::string wait_channel;     ///< the kernel function that it waits in; from outside only of an uninterruptible one
    bool uninterruptible = false; ///< state D: no signal ends its wait
    std::string schedstat; ///< when it was looked at; it has not run since while /proc says the same; "" not read
    std::optional<protocol::WaitReason> wait_reason; ///< told in place of the system call's arguments
    WaitFacts wait;
    BirthFacts birth;
    std::optional<ThreadTimes> times;
    RunningBy running_by = RunningBy::none;
    /// By DWARF number: of a thread that ran, and of every one in a core. Empty: only sp and pc are known.
    std::vector<std::uint64_t> registers;
    std::uint32_t saved_stack = 0; ///< index into SavedNames::stacks
    std::optional<bool> ran;       ///< what captured_running() is, where registers do not tell: of cores and saved ones
    bool switched_away = false;    ///< of a fiber, no thread: pc is a return address, where it goes on when resumed
    std::optional<std::uint64_t> frame_pointer; ///< its %rbp; only of a fiber

    /// Captured while it ran: it has registers and a stack (or, from a saved snapshot, just its stack's frames), and
    /// was not blocked.
    bool captured_running() const noexcept { return ran.value_or(!registers.empty()); }
};

/// The stack of a registered fiber that no thread runs, as its framework saved it.
struct FiberStack {
    std::uint64_t frame = 0; ///< the address that its task is registered with
    ThreadFacts stack;       ///< only what is of a stack: no id, no system call, no wait
};

struct ModuleFacts {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t file_offset = 0;
    std::string path;
    std::string build_id; ///< raw bytes; empty: none
};

/// What is missing from the snapshot, and why. tid 0: not about one thread.
struct Incomplete {
    std::uint32_t tid = 0;
    std::string reason;
};

/// A queue of the host's, by a tasks::QueueProbe.
struct QueueFacts {
    std::string name;
    std::uint64_t depth = 0;
};

/// The process's figures. Unset = not known.
struct VitalFacts {
    std::optional<std::uint64_t> tasks;
    std::optional<std::uint64_t> os_threads;
    std::optional<std::uint32_t> usable_cpus;
    std::optional<std::uint32_t> num_cpus;
    std::optional<std::uint64_t> jobs_started;
    std::optional<std::uint64_t> jobs_ended;
    std::optional<std::int64_t> jobs_last_minute; ///< started minus ended
    std::uint64_t jobs_dropped = 0;
    std::optional<std::uint64_t> coroutines; ///< of the tasks: registered, and awaited by no other
    std::optional<std::uint64_t> fibers;
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> peak_rss_bytes;
    std::optional<std::uint64_t> stack_bytes;
    std::optional<std::uint64_t> switches_voluntary;
    std::optional<std::uint64_t> switches_involuntary;
    std::optional<std::uint64_t> fds;
    std::optional<std::uint64_t> uptime_ns;
    std::optional<std::vector<QueueFacts>> queues; ///< only the agent knows them: unset without its answer
    std::uint32_t queues_left_out = 0;             ///< probes that found no room; only with `queues`
};

/// Stacks and names as they were found out when the snapshot was saved, on the machine that had the files.
struct SavedNames {
    /// What one program counter stands for.
    struct Place {
        std::uint64_t pc = 0;
        bool exact = false;
        std::vector<Frame> frames; ///< innermost first: calls inlined there, then the function itself
    };
    std::vector<Trace> stacks{1}; ///< [0] is no stack; each is there once
    std::vector<Place> places;    ///< by pc, those that are not exact first
};

/// What the control group with the least room left may take, and takes.
struct MemoryLimit {
    std::uint64_t limit_bytes = 0;
    std::uint64_t used_bytes = 0;
};

/// Births and deaths of one creation site, over the life of the table.
struct SiteLife {
    std::uint64_t births = 0;
    std::uint64_t deaths = 0;
};

/// A registered wait object all of whose handles have ended: nobody can end a wait on it.
struct UnheldObject {
    std::uint64_t address = 0;
    std::uint64_t since_ns = 0; ///< CLOCK_MONOTONIC: when the last handle ended
};

/// What a table tells of the time before this moment. Only where it was asked for; it is not saved.
struct PastFacts {
    std::uint64_t began_ns = 0;                  ///< when the agent did: nothing was registered before
    std::vector<protocol::HistoryEntry> history; ///< oldest first
    std::vector<std::uint64_t> started_ns;       ///< by index into Snapshot::tasks; 0: not known
    std::vector<SiteLife> sites;                 ///< by index into Snapshot::sites; may be shorter
    std::vector<UnheldObject> unheld;            ///< by address
};

struct Snapshot {
    ProcessFacts process;
    std::uint64_t taken_at_ns = 0;          ///< CLOCK_MONOTONIC; of a dead process: when it was last seen alive
    std::uint64_t taken_at_realtime_ns = 0; ///< the same moment, since the epoch
    std::uint64_t skew_ns = 0;              ///< between the first and the last thread
    std::optional<std::uint64_t> held_ns;   ///< how long the whole process stood still for it; unset: it went on
    VitalFacts vitals;
    std::vector<ThreadFacts> threads;
    std::uint32_t agent_tid = 0;                 ///< the agent's own thread, which is not among them; 0: not known
    std::vector<std::uint32_t> late_tids;        ///< threads that were there after the capture and are not among them
    std::optional<std::uint64_t> caught_signals; ///< that the process has handlers for, bit N-1 is signal N
    bool threads_known = false;                  ///< false: threads could not be listed (dead process, table alone)
    std::vector<TaskFacts> tasks;
    std::vector<FiberStack> fibers; ///< by frame, see capture/fiber_stacks.hpp
    std::vector<TaskFrameFacts> task_frames = std::vector<TaskFrameFacts>(1); ///< [0] is none
    std::vector<SiteFacts> sites;                                             ///< [0] is no site
    std::vector<ScopeList> scope_lists;                                       ///< [0] is the empty list
    std::vector<BirthFacts> births; ///< of threads that have not got theirs yet, see capture/thread_births.hpp
    std::vector<LabelFacts> labels; ///< [0] is no label; each is there once
    std::vector<ModuleFacts> modules;
    bool modules_withheld = false; ///< their files must not be read: `incomplete` tells why
    /// Found in its memory. Unset: not looked for, or it cannot be told, which then is among `incomplete`.
    std::optional<CoroutineList> coroutines;
    std::optional<MemoryLimit> memory_limit; ///< unset: it has none, or was not asked for; it is not saved
    std::optional<PastFacts> past;           ///< unset: not asked for, or there is no table that tells it
    std::vector<Incomplete> incomplete;
    std::optional<SavedNames> names;             ///< where they are, no file is opened for names
    std::optional<std::uint32_t> file_owner_uid; ///< of a snapshot from a file: whoever may have written what is in it
};

} // namespace tasks::inspect
