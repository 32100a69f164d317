// oneTBB: which threads are its workers, in which arena they are, and what they carry.
//
//     tasks::tbb_observer observer;                                   // workers get the name "tbb worker"
//     tasks::tbb_observer in_arena{arena, "pricing"};                 // and carry the job "pricing" while in the arena
//     tbb::parallel_for(range, tasks::traced_body("price", body));    // each call of the body is a job
//     group.run(tasks::queued_body("send receipt", function));        // a job from here on, also while it is queued
//
// oneTBB tells of threads only: its tasks, those in queues too, and what a task_group waits for are not seen but for
// what is wrapped here; a thread that waits in the scheduler may run other tasks meanwhile, and is told by its stack.
// Costs: an observer some 50 ns each time that a thread enters or leaves an arena; a body 15 ns a call, so wrap bodies
// of ranges rather than of single elements. Header-only; needs oneTBB 2021 or newer.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include <pthread.h>

#include <tbb/task_arena.h>
#include <tbb/task_scheduler_observer.h>

#include <tasks/job.hpp>

namespace tasks {

/// Names the worker threads that enter, and, with a name, has every thread carry a job of that name while it is in the
/// arena. Observes until it is destroyed, which waits for threads that are just told. One object is for one arena, or,
/// without one, for the arena of the thread that makes it.
class tbb_observer : public tbb::task_scheduler_observer {
public:
    tbb_observer() { observe(true); }
    /// `name` is a literal.
    explicit tbb_observer(const char* name, const SourcePlace& place = SourcePlace::here())
        : name_(name), place_(place) {
        observe(true);
    }
    explicit tbb_observer(tbb::task_arena& arena, const char* name = nullptr,
                          const SourcePlace& place = SourcePlace::here())
        : tbb::task_scheduler_observer(arena), name_(name), place_(place) {
        observe(true);
    }
    ~tbb_observer() override { observe(false); }

    void on_scheduler_entry(bool is_worker) override {
        if (is_worker && !std::exchange(named(), true))
            ::pthread_setname_np(::pthread_self(), "tbb worker");
        if (name_ != nullptr)
            entered() = new Entered{Job{name_, place_}, this, false, std::unique_ptr<Entered>{entered()}};
    }

    void on_scheduler_exit(bool) override {
        if (name_ == nullptr)
            return;
        auto* found = entered();
        while (found != nullptr && (found->observer != this || found->left))
            found = found->outer.get();
        if (found != nullptr)
            found->left = true;
        while (entered() != nullptr && entered()->left) // jobs end in the reverse order
            delete std::exchange(entered(), entered()->outer.release());
    }

private:
    struct Entered {
        Job job;
        const tbb_observer* observer;
        bool left;
        std::unique_ptr<Entered> outer;
    };

    static Entered*& entered() noexcept {
        thread_local Entered* innermost = nullptr;
        return innermost;
    }
    static bool& named() noexcept {
        thread_local bool is = false;
        return is;
    }

    const char* name_ = nullptr;
    SourcePlace place_;
};

/// A body for tbb::parallel_for, parallel_reduce's functions, parallel_invoke or a node of a flow graph: calls of it
/// are jobs. Copyable where the function is.
template <class Function> class TracedBody {
public:
    TracedBody(const char* name, const SourcePlace& place, Function function)
        : name_(name), place_(place), function_(std::move(function)) {}

    template <class... Arguments> decltype(auto) operator()(Arguments&&... arguments) const {
        const Job job{name_, place_};
        return std::invoke(function_, std::forward<Arguments>(arguments)...);
    }

private:
    const char* name_;
    SourcePlace place_;
    Function function_;
};

template <class Function>
TracedBody<std::decay_t<Function>> traced_body(const char* name, Function&& function,
                                               const SourcePlace& place = SourcePlace::here()) {
    return {name, place, std::forward<Function>(function)};
}

/// A function for tbb::task_group::run, task_arena::enqueue or task_group::defer: a job from now on, which a thread
/// carries when it runs, and which ends with it, or when oneTBB drops it. Movable; runs once.
template <class Function> class QueuedBody {
public:
    QueuedBody(const char* name, const SourcePlace& place, Function function)
        : job_(name, place), function_(std::move(function)) {
        job_.waits(wait_reason::not_started, nullptr, nullptr, SourcePlace{});
    }

    decltype(auto) operator()() const { // oneTBB calls it as const
        const JobRun run = job_.run();
        return std::invoke(function_);
    }

private:
    mutable JobHandle job_;
    Function function_;
};

template <class Function>
QueuedBody<std::decay_t<Function>> queued_body(const char* name, Function&& function,
                                               const SourcePlace& place = SourcePlace::here()) {
    return {name, place, std::forward<Function>(function)};
}

} // namespace tasks
