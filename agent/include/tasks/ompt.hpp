// OpenMP with LLVM's runtime (libomp): parallel regions and explicit tasks are tasks of kind job, and threads that wait
// in a barrier, for a lock or for a critical section say so. Include it in one source file of the program, with
//
//     #include <tasks/ompt.hpp>     // defines ompt_start_tool(), which libomp calls once, before its first region
//
// <omp-tools.h> comes with libomp (libomp-19-dev) and lies among clang's own headers: with another compiler, whose own
// must come first, -idirafter /usr/lib/llvm-19/lib/clang/19/include. With g++ link libomp in place of libgomp, which
// has no such interface (OMPT): with that the tool is never called, and threads are seen as any thread is. A program
// has one tool: an OMP_TOOL_LIBRARIES of another is not asked then.
// An explicit task is created (runnable, not started), runs, waits for its children, and ends; its creator is told by
// address. Not seen: chunks of loops, implicit tasks (a thread in a region is told by its stack), target regions,
// atomics, and regions that were there before the agent. Costs: 100 ns a region, an allocation and two records a task,
// some 20 ns a barrier or critical section.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

#include <omp-tools.h>

#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>
#include <tasks/wait.hpp>
#include <tasks/wait_reason.hpp>

namespace tasks::ompt {

/// What the present thread waits for, in regions that nest: a thread in a barrier may run a task that waits itself.
/// While it runs such a task the thread does not wait.
class ThreadWaits {
public:
    static ThreadWaits& here() noexcept {
        thread_local ThreadWaits waits;
        return waits;
    }

    void enter(wait_reason reason, const void* object, const char* name) noexcept {
        wait_.reset();
        if (depth_ < entries_.size())
            entries_[depth_] = {reason, object, name};
        ++depth_;
        tell();
    }
    void leave() noexcept {
        wait_.reset();
        depth_ -= depth_ == 0 ? 0 : 1;
        tell();
    }

    /// The wait that the present task is in; reason none: in none.
    struct Entry {
        wait_reason reason = wait_reason::none;
        const void* object = nullptr;
        const char* name = nullptr;
    };
    Entry innermost() const noexcept {
        return depth_ == 0 || depth_ > entries_.size() ? Entry{} : entries_[depth_ - 1];
    }

private:
    void tell() noexcept {
        if (const auto entry = innermost(); entry.reason != wait_reason::none)
            wait_.emplace(entry.reason, entry.object, entry.name, SourcePlace{});
    }

    std::array<Entry, 64> entries_{}; ///< deeper ones are not told
    std::size_t depth_ = 0;
    std::optional<Wait> wait_;
};

/// What a region or an explicit task has in its place for a tool's data; implicit tasks have nothing there.
struct Work {
    TaskHandle handle;
    bool started = false;
};

inline Work* work_of(const ompt_data_t* data) noexcept {
    return data == nullptr ? nullptr : static_cast<Work*>(data->ptr);
}

inline void begin(ompt_data_t* data, const char* name, const void* creator_pc) noexcept {
    if (data != nullptr)
        data->ptr =
            new (std::nothrow) Work{TaskHandle{task_kind::job, name, SourcePlace{}, nullptr, creator_pc}, false};
}

inline void end(ompt_data_t* data) noexcept {
    delete work_of(data);
    if (data != nullptr)
        data->ptr = nullptr;
}

/// The task runs, or waits in what the thread waits for on its behalf.
inline void tell(TaskHandle& handle, const ThreadWaits::Entry& wait) noexcept {
    if (wait.reason == wait_reason::none)
        handle.resumes();
    else
        handle.suspends(wait.reason, wait.object, wait.name, SourcePlace{});
}

inline void on_parallel_begin(ompt_data_t*, const ompt_frame_t*, ompt_data_t* region, unsigned int, int,
                              const void* return_address) {
    begin(region, "omp parallel", return_address);
    if (auto* work = work_of(region))
        work->handle.resumes();
}

inline void on_parallel_end(ompt_data_t* region, ompt_data_t*, int, const void*) { end(region); }

inline void on_task_create(ompt_data_t*, const ompt_frame_t*, ompt_data_t* created, int flags, int,
                           const void* return_address) {
    if ((static_cast<unsigned int>(flags) & ompt_task_explicit) != 0)
        begin(created, "omp task", return_address);
}

/// `prior` gives the thread to `next`, which it may wait for.
inline void on_task_schedule(ompt_data_t* prior, ompt_task_status_t status, ompt_data_t* next) {
    auto& waits = ThreadWaits::here();
    if (auto* work = work_of(prior)) {
        if (status == ompt_task_complete || status == ompt_task_cancel || status == ompt_task_late_fulfill) {
            end(prior);
            waits.leave();
        } else {
            const auto wait = waits.innermost();
            work->handle.suspends(wait.reason, wait.object, wait.name, SourcePlace{});
        }
    }
    if (auto* work = work_of(next)) {
        if (!work->started)
            waits.enter(wait_reason::none, nullptr, nullptr);
        work->started = true;
        tell(work->handle, waits.innermost());
    }
}

inline const char* name_of(ompt_sync_region_t kind) noexcept {
    switch (kind) {
    case ompt_sync_region_taskwait:
        return "omp taskwait";
    case ompt_sync_region_taskgroup:
        return "omp taskgroup";
    case ompt_sync_region_reduction:
        return "omp reduction";
    default:
        return "omp barrier";
    }
}

inline void on_sync_wait(ompt_sync_region_t kind, ompt_scope_endpoint_t endpoint, ompt_data_t* region,
                         ompt_data_t* task, const void*) {
    auto& waits = ThreadWaits::here();
    const bool for_tasks = kind == ompt_sync_region_taskwait || kind == ompt_sync_region_taskgroup;
    if (endpoint == ompt_scope_begin)
        waits.enter(for_tasks ? wait_reason::join : wait_reason::barrier, region, name_of(kind));
    else
        waits.leave();
    if (auto* work = work_of(task))
        tell(work->handle, waits.innermost());
}

inline void on_mutex_acquire(ompt_mutex_t kind, unsigned int, unsigned int, ompt_wait_id_t lock, const void*) {
    const char* name = kind == ompt_mutex_critical  ? "omp critical"
                       : kind == ompt_mutex_ordered ? "omp ordered"
                                                    : "omp lock";
    ThreadWaits::here().enter(wait_reason::mutex, reinterpret_cast<const void*>(static_cast<std::uintptr_t>(lock)),
                              name);
}

inline void on_mutex_acquired(ompt_mutex_t, ompt_wait_id_t, const void*) { ThreadWaits::here().leave(); }

inline int initialize(ompt_function_lookup_t lookup, int, ompt_data_t*) {
    const auto set = reinterpret_cast<ompt_set_callback_t>(lookup("ompt_set_callback"));
    if (set == nullptr)
        return 0; // libomp goes on without us
    set(ompt_callback_parallel_begin, reinterpret_cast<ompt_callback_t>(&on_parallel_begin));
    set(ompt_callback_parallel_end, reinterpret_cast<ompt_callback_t>(&on_parallel_end));
    set(ompt_callback_task_create, reinterpret_cast<ompt_callback_t>(&on_task_create));
    set(ompt_callback_task_schedule, reinterpret_cast<ompt_callback_t>(&on_task_schedule));
    set(ompt_callback_sync_region_wait, reinterpret_cast<ompt_callback_t>(&on_sync_wait));
    set(ompt_callback_mutex_acquire, reinterpret_cast<ompt_callback_t>(&on_mutex_acquire));
    set(ompt_callback_mutex_acquired, reinterpret_cast<ompt_callback_t>(&on_mutex_acquired));
    return 1;
}

inline void finalize(ompt_data_t*) {}

} // namespace tasks::ompt

/// Called by libomp, which finds it by this name.
extern "C" [[gnu::used]] __attribute__((visibility("default"))) inline ompt_start_tool_result_t*
ompt_start_tool(unsigned int, const char*) {
    static ompt_start_tool_result_t tool{&tasks::ompt::initialize, &tasks::ompt::finalize, {0}};
    return &tool;
}
