// The messages of protocol/tasks.proto as plain values, with one write and one read function each.
// Reading trusts nothing: a bad encoding, a length over its cap or too many elements is a WireError; unknown
// fields are skipped. Texts are views: of a message that was read, into its payload, which the caller keeps;
// of one to be written, into memory of the writer. Pure functions, any thread.
// Times are CLOCK_MONOTONIC nanoseconds of the target's machine unless a name says otherwise.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tasks/protocol/frame.hpp>
#include <tasks/protocol/result.hpp>
#include <tasks/protocol/vocabulary.hpp>

namespace tasks::protocol {

inline constexpr std::uint32_t protocol_major = 1;
inline constexpr std::size_t max_string_bytes = 4096;         ///< of one text in a message
inline constexpr std::size_t max_stack_bytes = 256 * 1024;    ///< of one thread's copied stack
inline constexpr std::size_t default_stack_bytes = 16 * 1024; ///< copied unless more is asked for
inline constexpr std::size_t max_scopes = 8;                  ///< nested job scopes of one task that are told
inline constexpr std::size_t max_registers = 34;              ///< of one thread; arm64 has 33 with its pc
inline constexpr std::size_t max_label_bytes = 31;            ///< of a label's text
inline constexpr std::size_t max_elements = 65536;            ///< of one repeated field in one frame

/// Why a payload was not accepted: the message and field, and what is wrong with it.
struct WireError {
    std::string sentence;
};
template <class T> using Read = Result<T, WireError>;

struct Hello {
    std::uint32_t major = protocol_major;
    std::string_view client; ///< name and version, for logs of the agent's side; may be empty
};

struct Welcome {
    std::uint32_t major = protocol_major;
    std::string_view agent_version;
    std::uint32_t pid = 0;                    ///< in the target's own pid namespace
    std::uint64_t start_time_ticks = 0;       ///< field 22 of /proc/PID/stat
    std::string_view name;                    ///< what the host calls itself
    std::vector<std::uint32_t> request_types; ///< the MessageType numbers that this agent answers
};

enum class ErrorCode : std::uint32_t {
    unknown = 0,
    unknown_request = 1,
    bad_encoding = 2,
    unsupported_version = 3,
    busy = 4,
    too_large = 5,
    deadline = 6,
    not_permitted = 7,
    hello_expected = 8,
    out_of_memory = 9,
};

struct ErrorAnswer {
    ErrorCode code = ErrorCode::unknown;
    std::string_view sentence;
};

struct VitalsRequest {};

/// How deep a queue of the host's is, by a tasks::QueueProbe.
struct Queue {
    std::string_view name;
    std::uint64_t depth = 0;
};
inline constexpr std::size_t max_queues = 64; ///< of one process

/// What the process knows of itself as a whole. Unset = not known, never 0.
struct VitalsAnswer {
    std::uint64_t taken_at_ns = 0;
    std::string_view name;
    std::optional<std::uint64_t> tasks;       ///< tasks::count()
    std::optional<std::uint64_t> os_threads;  ///< without the agent's own
    std::optional<std::uint32_t> usable_cpus; ///< min(affinity, ceil(cgroup quota))
    std::optional<std::uint32_t> num_cpus;    ///< online
    std::uint64_t jobs_started = 0;           ///< registered jobs since the agent's start
    std::uint64_t jobs_ended = 0;
    std::optional<std::int64_t> jobs_last_minute; ///< started minus ended in the newest minute of the history
    std::uint64_t jobs_dropped = 0;               ///< not registered for want of room
    std::optional<std::uint64_t> rss_bytes;
    std::optional<std::uint64_t> peak_rss_bytes;
    std::optional<std::uint64_t> stack_bytes;        ///< resident stacks of the threads; unset where it costs too much
    std::optional<std::uint64_t> switches_voluntary; ///< of the process, ended threads too, without the agent's own
    std::optional<std::uint64_t> switches_involuntary;
    std::optional<std::uint64_t> fds;
    std::optional<std::uint64_t> uptime_ns;
    std::uint64_t table_bytes = 0; ///< now
    std::uint64_t table_cap_bytes = 0;
    std::array<Queue, max_queues> queues{}; ///< the first queue_count of them
    std::uint32_t queue_count = 0;
    std::uint32_t queues_left_out = 0; ///< probes that found no room
    std::uint64_t coroutines = 0;      ///< of `tasks`: registered, and awaited by no other
    std::uint64_t fibers = 0;
};

struct CountsRequest {};

struct CountsAnswer {
    std::uint64_t tasks = 0;        ///< = thread_tasks + jobs + coroutines + fibers
    std::uint64_t thread_tasks = 0; ///< threads that carry no job
    std::uint64_t jobs = 0;
    std::uint64_t os_threads = 0; ///< without the agent's own
    std::uint64_t jobs_dropped = 0;
    std::uint64_t coroutines = 0; ///< registered, and awaited by no other
    std::uint64_t fibers = 0;
};

/// One place in the host's source with the literal name given there: where a job was begun, or a wait.
struct Site {
    std::uint32_t id = 0;  ///< of this process; 0 is no site
    std::string_view name; ///< the literal: "charge card", "results"; may be empty
    std::string_view function;
    std::string_view file;
    std::uint32_t line = 0;
};

/// One registered task.
struct Task {
    std::uint64_t id = 0; ///< unique in the process's life
    Kind kind = Kind::unknown;
    State state = State::unknown;
    WaitReason wait_reason = WaitReason::none;
    std::uint32_t tid = 0;                          ///< the thread that carries it; 0: none
    std::array<std::uint32_t, max_scopes> scopes{}; ///< sites, outermost first: `outer > inner`
    std::uint8_t scope_count = 0;
    std::uint32_t scopes_left_out = 0; ///< deeper ones than the table holds
    std::uint32_t wait_site = 0;       ///< 0: none
    std::uint64_t wait_object = 0;     ///< an address; 0: none
    std::uint64_t started_ns = 0;      ///< 0: not known
    std::uint64_t since_ns = 0;        ///< in this state since; 0: not known
    std::uint32_t label_key = 0;       ///< site whose name is the label's key; 0: no label
    std::string_view label_text;       ///< at most max_label_bytes
    bool label_cut = false;            ///< the host's text was longer
    std::uint64_t frame = 0;           ///< of a coroutine or fiber: its frame's address; 0: not known
    std::uint64_t awaited_by = 0;      ///< id of the task in whose logical stack it is a frame; 0: a task of its own
    std::uint64_t started_by = 0;      ///< id of the task that started it; 0: not known
    std::uint64_t creator_pc = 0;      ///< return address in the caller of the coroutine function; 0: not known
    std::uint64_t created_in_pc = 0;   ///< return address in what registered it; 0: not known
};

struct TasksRequest {};

/// A part of the answer: sites come before the first task that names them.
struct TasksAnswer {
    std::uint64_t taken_at_ns = 0;
    std::vector<Site> sites;
    std::vector<Task> tasks;
    std::uint64_t unreadable = 0; ///< records that changed at every look; in the last part
    std::uint64_t dropped = 0;    ///< jobs never registered; in the last part
};

struct StacksRequest {
    std::uint32_t stack_bytes = default_stack_bytes; ///< copied a thread, at most; 0: wait facts only
    std::vector<std::uint32_t> tids;                 ///< only these; empty: all
    bool without_last_ran = false; ///< leaves out last_ran_ago_ns, which costs most of a thread's time
};

struct ThreadStack {
    std::uint32_t tid = 0;
    std::string_view name;
    Capture capture = Capture::unknown;
    std::int32_t syscall = -1;                ///< its number; -1: none (blocked in the kernel otherwise)
    std::array<std::uint64_t, 6> arguments{}; ///< of the system call
    std::uint64_t sp = 0;
    std::uint64_t pc = 0;
    std::string_view stack; ///< bytes from sp upwards
    bool stack_cut = false;
    std::optional<std::uint64_t> last_ran_ago_ns; ///< scheduler clock, see shared facts in SPEC.md
    std::uint64_t taken_at_ns = 0;
    std::string_view wait_channel; ///< the kernel's wchan; may be empty
    /// Of a running thread that was captured by the capture signal: all registers, by DWARF number (x86-64: 17, the
    /// last is the pc); empty otherwise. `syscall`, `sp` and `pc` are set as well.
    std::array<std::uint64_t, max_registers> registers{};
    std::uint32_t register_count = 0;
};

/// One mapped file piece that is executable, as /proc/PID/maps tells it.
struct Module {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    std::uint64_t file_offset = 0;
    std::string_view path;     ///< "[vdso]" for the kernel's
    std::string_view build_id; ///< raw bytes; empty: none
};

/// A part of the answer: modules come in the first part.
struct StacksAnswer {
    std::uint64_t taken_at_ns = 0; ///< start of the capture
    std::uint64_t done_at_ns = 0;  ///< in the last part
    std::vector<Module> modules;
    std::vector<ThreadStack> threads;
    std::uint32_t agent_tid = 0; ///< not among the threads
};

std::string write(const Hello& message);
std::string write(const Welcome& message);
std::string write(const ErrorAnswer& message);
std::string write(const VitalsRequest& message);
std::string write(const VitalsAnswer& message);
std::string write(const CountsRequest& message);
std::string write(const CountsAnswer& message);
std::string write(const TasksRequest& message);
std::string write(const TasksAnswer& message);
std::string write(const StacksRequest& message);
std::string write(const StacksAnswer& message);

/// The message in that payload: read<Hello>(payload). Instantiated for every message above.
template <class Message> Read<Message> read(std::string_view payload);

/// Writes one message, or parts of a streamed answer, into memory that the caller owns: never allocates, never
/// throws, so the agent can use it while another thread holds the malloc lock. What does not fit returns false
/// and leaves the bytes as they were. Up to 8 bytes more are needed while a length inside is not known yet.
class PartWriter {
public:
    explicit PartWriter(std::span<char> memory) noexcept : memory_(memory) {}

    bool whole(const Welcome& message) noexcept;
    bool whole(const ErrorAnswer& message) noexcept;
    bool whole(const VitalsAnswer& message) noexcept;
    bool whole(const CountsAnswer& message) noexcept;

    /// Elements and ends of a TasksAnswer.
    bool tasks_taken_at(std::uint64_t taken_at_ns) noexcept;
    bool add(const Site& site) noexcept;
    bool add(const Task& task) noexcept;
    bool tasks_end(std::uint64_t unreadable, std::uint64_t dropped) noexcept;

    /// Elements and ends of a StacksAnswer.
    bool stacks_taken_at(std::uint64_t taken_at_ns, std::uint32_t agent_tid) noexcept;
    bool add(const Module& module) noexcept;
    bool add(const ThreadStack& thread) noexcept;
    bool stacks_end(std::uint64_t done_at_ns) noexcept;

    std::string_view bytes() const noexcept { return {memory_.data(), used_}; }
    void clear() noexcept { used_ = 0; }

private:
    template <class Fill> bool fitted(Fill&& fill) noexcept;

    std::span<char> memory_;
    std::size_t used_ = 0;
};

/// The frame type of a message: type_of<Hello>.
template <class Message> inline constexpr MessageType type_of = MessageType::error;
template <> inline constexpr MessageType type_of<Hello> = MessageType::hello;
template <> inline constexpr MessageType type_of<Welcome> = MessageType::welcome;
template <> inline constexpr MessageType type_of<VitalsRequest> = MessageType::vitals_request;
template <> inline constexpr MessageType type_of<VitalsAnswer> = MessageType::vitals_answer;
template <> inline constexpr MessageType type_of<CountsRequest> = MessageType::counts_request;
template <> inline constexpr MessageType type_of<CountsAnswer> = MessageType::counts_answer;
template <> inline constexpr MessageType type_of<TasksRequest> = MessageType::tasks_request;
template <> inline constexpr MessageType type_of<TasksAnswer> = MessageType::tasks_answer;
template <> inline constexpr MessageType type_of<StacksRequest> = MessageType::stacks_request;
template <> inline constexpr MessageType type_of<StacksAnswer> = MessageType::stacks_answer;

} // namespace tasks::protocol
