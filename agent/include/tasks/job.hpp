// Jobs: named units of work that the `tasks` command counts and shows.
//
//     tasks::Job job{"charge card"};                      // this thread carries it until the scope ends
//     queue.push({tasks::JobHandle{"send receipt"}, fn}); // queued work: no thread carries it yet
//     auto scope = item.job.run();                        // now this thread carries it, until the scope ends
//
// Names are string literals (or live as long as the process): only their address is kept while running.
// Lock-free. A few stores when the agent runs, nothing at all when not. No allocation and no system call, but for
// these: a thread's first job, wait or label asks for its id (gettid) and sets a thread-specific value, for which glibc
// may allocate once a thread; the begin that finds the table half full, or the history at rest, wakes the agent's
// thread (fstat, send), once each time. What finds no room in the table is counted as dropped. Not for signal handlers.
#pragma once

#include <cstdint>
#include <string_view>

#include <tasks/export.h>
#include <tasks/wait_reason.hpp>

namespace tasks {

/// Where something is written in the host's source; made by the compiler as a default argument. A handle that a
/// container makes, jobs.emplace_back("x"), would stand in the standard library: give it SourcePlace::here() too.
struct SourcePlace {
    const char* file = "";
    const char* function = "";
    std::uint32_t line = 0;

    static constexpr SourcePlace here(const char* file = __builtin_FILE(), const char* function = __builtin_FUNCTION(),
                                      std::uint32_t line = __builtin_LINE()) noexcept {
        return {file, function, line};
    }
};

/// A job that the present thread carries for the length of a scope. Scopes nest (`outer > inner`) and count as one
/// task. Must end on the thread that began it, in reverse order.
class TASKS_EXPORT Job {
public:
    explicit Job(const char* name, const SourcePlace& place = SourcePlace::here()) noexcept;
    ~Job();
    Job(const Job&) = delete;
    Job& operator=(const Job&) = delete;

private:
    void* thread_ = nullptr; // the thread's state, or null: not registered
    std::uint32_t site_ = 0;
    std::uint32_t generation_ = 0;
};

class JobHandle;
class Wait;

/// The present thread carries a handle's job for the length of a scope: made by JobHandle::run(). The thread then
/// *is* that job, as with tasks::Job, and has its label; the two count as one task, with the id and the age of the
/// handle's job. Within another job it is a nested scope of that, as a Job would be, and changes the label only where
/// the handle has one. What waits() said ends. Must end on the thread that began it, in reverse order with Job, Wait
/// and Label. The handle may be moved or destroyed meanwhile, on this thread: destroyed, its job has ended, and the
/// rest of the scope counts as a job of the thread's own.
class TASKS_EXPORT JobRun {
public:
    ~JobRun();
    JobRun(const JobRun&) = delete;
    JobRun& operator=(const JobRun&) = delete;

private:
    friend class JobHandle;
    explicit JobRun(JobHandle& handle) noexcept;

    void let_go(std::uint64_t job_id) noexcept;

    JobHandle* handle_ = nullptr; // null: it has ended, or was not registered
    void* thread_ = nullptr;      // the thread's state, or null: not registered
    std::uint64_t outer_text_[4]{};
    std::uint32_t outer_key_ = 0;
    std::uint32_t outer_scope_ = 0;
    std::uint32_t generation_ = 0;
};

/// A job that no thread carries: queued or asynchronous work. Movable, may begin and end on different threads;
/// ends when destroyed. One object is not to be used by two threads at once.
/// It begins with the label that the present task has.
class TASKS_EXPORT JobHandle {
public:
    JobHandle() noexcept = default; ///< no job
    explicit JobHandle(const char* name, const SourcePlace& place = SourcePlace::here()) noexcept;
    ~JobHandle();
    JobHandle(JobHandle&& other) noexcept;
    JobHandle& operator=(JobHandle&& other) noexcept;

    /// Says that the job waits now, why and on what; wait_reason::none: it does not wait any more.
    /// `object` is an address that tells waits apart; `name` is a literal, or null.
    void waits(wait_reason reason, const void* object = nullptr, const char* name = nullptr,
               const SourcePlace& place = SourcePlace::here()) noexcept;

    /// The present thread carries the job while the scope lives. Of a handle without a job: does nothing.
    [[nodiscard]] JobRun run() noexcept { return JobRun{*this}; }

    /// Sets the job's label, in place of the one it has: see tasks::Label for `key` and `text`. A Label that lives in
    /// the job's run covers it, and at its end the carrying thread has the label that was before, until the run ends.
    void label(const char* key, std::string_view text, const SourcePlace& place = SourcePlace::here()) noexcept;

    /// True while a job is registered.
    explicit operator bool() const noexcept { return record_ != 0; }

private:
    friend class JobRun;
    friend class Wait;
    void end() noexcept;

    void* registry_ = nullptr; // whose record it is
    JobRun* run_ = nullptr;    // the scope in which a thread carries it
    std::uint32_t record_ = 0; // 0: not registered
    std::uint32_t site_ = 0;
};

} // namespace tasks
