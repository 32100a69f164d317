// TaskHandle: a coroutine or a fiber in the task table, exactly: where it waits and since when, who created it, which
// frame it has, and whether another one awaits it. For those who write an adapter for a framework: tasks/coroutine.hpp
// is one for one's own coroutines.
//
//     struct promise { tasks::TaskHandle task{tasks::task_kind::coroutine, "session", tasks::SourcePlace::here()}; };
//     task.suspends(tasks::wait_reason::timer, &timer, "deadline", place);   // before anybody else can resume it
//     task.resumes();                                                        // on the thread that now runs it
//
// Names are literals, or live as long as the process. Lock-free; system calls and allocation as <tasks/job.hpp> tells:
// next to none. Nothing at all without an agent: a handle that is made then is empty, and stays so. One that outlives
// the agent, or is used in a forked child, does nothing more. Not for signal handlers.
#pragma once

#include <cstdint>
#include <string_view>

#include <tasks/export.h>
#include <tasks/job.hpp>
#include <tasks/wait_reason.hpp>

namespace tasks {

/// The numbers are part of the wire format and of the table.
enum class task_kind : std::uint8_t { coroutine = 2, fiber = 3, job = 4 };

/// Which task a handle is of, for whoever may not know whether the handle is still there. Valid for ever.
struct TaskReference {
    const void* registry = nullptr;
    std::uint64_t id = 0;   ///< as TaskHandle::id() has it; 0: none
    std::uint32_t site = 0; ///< a number of the agent's: where it suspended by awaits(); 0: not known
};

/// One task that no thread owns, from its creation to its end. Movable; one object is not to be used by two threads at
/// once, but may be used by one after the other. 16 bytes.
///
/// It counts in tasks::count() and in `tasks`, unless another task awaits it: then it is a frame of that one's logical
/// stack. While a thread runs it, the two count once, as with jobs.
class TASKS_EXPORT TaskHandle {
public:
    TaskHandle() noexcept { become(nullptr, 0, 0); } ///< no task

    /// Begins one: runnable, wait reason not_started. The task whose resumes() was the last on this thread started it,
    /// and its label is inherited, or else the thread's. `frame`: its address, as std::coroutine_handle::address() has
    /// it, by which `tasks` knows that a coroutine found in memory is this one; may be told later. `creator_pc`: a
    /// return address in whoever called the coroutine function; null: not known. The place from which this constructor
    /// is called is kept as the place of creation; where that is an inlined function, the one that holds it.
    TaskHandle(task_kind kind, const char* name, const SourcePlace& place, const void* frame = nullptr,
               const void* creator_pc = nullptr) noexcept;
    ~TaskHandle() {
        if (record_ != 0)
            end();
    }
    TaskHandle(TaskHandle&& other) noexcept
        : registry_(other.registry_), record_(other.record_), kind_(other.kind_), awaited_(other.awaited_),
          outer_(other.outer_) {
        other.record_ = 0;
    }
    TaskHandle& operator=(TaskHandle&& other) noexcept;

    void frame(const void* address) noexcept {
        if (record_ != 0)
            set_frame(address);
    }

    /// It waits from now on, and the present thread runs it no more. To be called before anybody can resume it.
    /// `object` is an address that tells waits apart, never read; `object_name` is a literal, or null. With
    /// wait_reason::none it waits for its turn: runnable.
    void suspends(wait_reason reason, const void* object, const char* object_name, const SourcePlace& place) noexcept {
        if (record_ != 0)
            suspend(reason, object, object_name, place);
    }

    /// The same with wait_reason::await, for what is not known yet: waits() may tell, of `told`.
    void awaits(const SourcePlace& place, TaskReference& told) noexcept {
        if (record_ != 0)
            await(place, told);
        else
            told.id = 0;
    }

    /// What a task that awaits waits for is better known: the operation that it began, or the next one. The wait keeps
    /// its age where it was wait_reason::await or has the same reason, else it is a new one. Does nothing when the task
    /// has ended, or runs.
    static void waits(const TaskReference& task, wait_reason reason, const void* object,
                      const char* object_name) noexcept {
        if (task.id != 0)
            wait(task, reason, object, object_name);
    }

    /// The present thread runs it from now on.
    void resumes() noexcept {
        if (record_ != 0)
            resume();
    }

    /// It is at its final suspend point: done, but not destroyed. It counts until it ends.
    void done() noexcept {
        if (record_ != 0)
            finish();
    }

    /// From now on it is a frame of that task's logical stack, and no task of its own; of an empty handle: it is one
    /// again. When it ends nothing is left of it.
    void awaited_by(const TaskHandle& parent) noexcept {
        if (record_ != 0)
            set_parent(parent.id());
    }
    /// The same by TaskHandle::id(); 0: a task of its own.
    void awaited_by(std::uint64_t parent_id) noexcept {
        if (record_ != 0)
            set_parent(parent_id);
    }

    /// Sets its label, in place of the one it has: see tasks::Label for `key` and `text`.
    void label(const char* key, std::string_view text, const SourcePlace& place = SourcePlace::here()) noexcept {
        if (record_ != 0)
            set_label(key, text, place);
    }

    /// True while it is registered.
    explicit operator bool() const noexcept { return record_ != 0; }

    /// Unique in the process's life; the id that JSON shows. 0: not registered, or the agent has stopped.
    std::uint64_t id() const noexcept { return record_ != 0 ? task_id() : 0; }

    TaskReference reference() const noexcept { return {registry_, id(), 0}; }

    /// The id of the task whose resumes() was the last on this thread and that has not suspended since; 0: none.
    static std::uint64_t current_id() noexcept;

private:
    void end() noexcept;
    void set_frame(const void* address) noexcept;
    void suspend(wait_reason reason, const void* object, const char* object_name, const SourcePlace& place) noexcept;
    void await(const SourcePlace& place, TaskReference& told) noexcept;
    void await_anew(const SourcePlace& place, TaskReference& told) noexcept;
    static void wait(const TaskReference& task, wait_reason reason, const void* object,
                     const char* object_name) noexcept;
    void resume() noexcept;
    void finish() noexcept;
    void set_parent(std::uint64_t parent_id) noexcept;
    void set_label(const char* key, std::string_view text, const SourcePlace& place) noexcept;
    std::uint64_t task_id() const noexcept;

    void become(void* registry, std::uint32_t record, std::uint32_t kind) noexcept {
        registry_ = registry;
        record_ = record & 0xfffffffu; // a table of 16 GiB has 2^27
        kind_ = kind & 7u;
        awaited_ = 0;
        outer_ = 0;
    }

    void* registry_;            // whose record it is
    std::uint32_t record_ : 28; // 0: not registered
    std::uint32_t kind_ : 3;
    std::uint32_t awaited_ : 1; // does not count
    std::uint32_t outer_;       // record of the task that resumed it on this thread; 0: none
};

} // namespace tasks
