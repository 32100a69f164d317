// Boost.Fiber (1.81 or newer): each fiber is a task, with its state, since when, its wait, and its suspended stack.
//
//     boost::fibers::use_scheduling_algorithm<tasks::fiber_scheduler<>>();             // round_robin; once a thread
//     boost::fibers::use_scheduling_algorithm<tasks::fiber_scheduler<boost::fibers::algo::work_stealing>>(4);
//     auto fiber = tasks::make_fiber("charge card", charge, card);                     // with a name and a place
//     tasks::fiber_wait wait{tasks::wait_reason::chan_receive, &channel, "results"};   // why this fiber waits next
//
// A fiber that boost::fibers::fiber started is a task too, named by the type of what it runs; one with
// launch::dispatch only from its first suspension's end on. The two contexts that each thread has of its own (its main
// function's and the dispatcher's) are none: the thread itself is that task.
// Costs: two table records written a switch, one allocation a fiber. tasks::Job, Wait and Label are a thread's: they
// must end before the fiber is suspended. Needs RTTI. man 7 tasks-adapters tells more.
#pragma once

#include <cstdint>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <boost/fiber/algo/algorithm.hpp>
#include <boost/fiber/algo/round_robin.hpp>
#include <boost/fiber/context.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/policy.hpp>
#include <boost/fiber/properties.hpp>
#include <boost/version.hpp>

#include <tasks/fiber_layout.hpp>
#include <tasks/job.hpp>
#include <tasks/saved_context.hpp>
#include <tasks/task_handle.hpp>
#include <tasks/task_name.hpp>
#include <tasks/type_name.hpp>
#include <tasks/wait_reason.hpp>

#if BOOST_VERSION < 108100
#error "tasks/fiber.hpp needs Boost 1.81 or newer: before, a fiber could not be given its properties when it is made"
#endif

namespace tasks {

/// The task of one fiber, which lives as long as the fiber's context. For an algorithm with properties of one's own:
/// derive these from it, and call awakened() and switches() from the algorithm as fiber_scheduler does.
class fiber_properties : public boost::fibers::fiber_properties {
public:
    /// A fiber that somebody else started; `context` is not null.
    explicit fiber_properties(boost::fibers::context* context) noexcept
        : boost::fibers::fiber_properties(context), place_(fiber_layout::of(context)),
          task_(task_kind::fiber, adapters::type_name(typeid(*context), "boost::fibers::worker_context<"), {},
                &place_) {}

    /// A fiber that is about to be made: boost::fibers::fiber{policy, new fiber_properties{"name"}, ...}.
    explicit fiber_properties(const task_name& name) noexcept
        : boost::fibers::fiber_properties(nullptr), task_(task_kind::fiber, name.text, name.place, &place_) {}

    fiber_properties(const fiber_properties&) = delete;
    fiber_properties& operator=(const fiber_properties&) = delete;

    /// The fiber may run. On the thread of its scheduler.
    static void awakened(boost::fibers::context* context) noexcept {
        if (!context->is_context(boost::fibers::type::worker_context))
            return;
        if (context->get_properties() == nullptr)
            context->set_properties(new fiber_properties{context});
        else if (auto* fiber = of(context))
            fiber->becomes_ready();
    }

    /// The active context of this thread is about to give way to `next`; null: to none.
    static void switches(boost::fibers::context* next) noexcept {
        if (next == nullptr)
            return;
        auto* before = boost::fibers::context::active();
        if (before != nullptr && before != next)
            if (auto* fiber = of(before))
                fiber->gives_way(*before);
        if (auto* fiber = of(next))
            fiber->goes_on();
    }

    /// Null: the context is no fiber, or one that is not seen.
    static fiber_properties* of(boost::fibers::context* context) noexcept {
        return dynamic_cast<fiber_properties*>(context->get_properties());
    }

    /// The fiber's task, for its label.
    TaskHandle& task() noexcept { return task_; }

private:
    friend class fiber_wait;

    struct Wait {
        wait_reason reason = wait_reason::unknown;
        const void* object = nullptr;
        const char* name = nullptr;
        SourcePlace place{};
    };

    void find_stack() noexcept {
        if (place_.slot == 0 && ctx_ != nullptr)
            place_ = fiber_layout::of(ctx_);
    }

    void becomes_ready() noexcept {
        find_stack();
        if (std::exchange(waits_, false))
            task_.suspends(wait_reason::none, nullptr, nullptr, {}); // it waits for its turn
    }

    void goes_on() noexcept {
        find_stack();
        task_.resumes();
    }

    void gives_way(const boost::fibers::context& context) noexcept {
        find_stack();
        if (fiber_layout::has_ended(context)) {
            task_.done();
        } else {
            const bool timed = wait_.reason == wait_reason::unknown && context.sleep_is_linked();
            task_.suspends(timed ? wait_reason::timer : wait_.reason, wait_.object, wait_.name, wait_.place);
            waits_ = true;
        }
    }

    adapters::saved_context place_{};
    Wait wait_{};
    bool waits_ = false; ///< suspended, not awakened since; one that yields is for the moment of the switch
    TaskHandle task_;    // last: its record refers to place_
};

/// Says why, and on what, the fiber waits when it is suspended while the scope lives. Does nothing in a context that
/// is no fiber. `object` is an address that tells waits apart; `name` is a literal, or null. Nests.
class fiber_wait {
public:
    explicit fiber_wait(wait_reason reason, const void* object = nullptr, const char* name = nullptr,
                        const SourcePlace& place = SourcePlace::here()) noexcept
        : fiber_(fiber_properties::of(boost::fibers::context::active())) {
        if (fiber_ != nullptr)
            outer_ = std::exchange(fiber_->wait_, {reason, object, name, place});
    }
    ~fiber_wait() {
        if (fiber_ != nullptr)
            fiber_->wait_ = outer_;
    }
    fiber_wait(const fiber_wait&) = delete;
    fiber_wait& operator=(const fiber_wait&) = delete;

private:
    fiber_properties* fiber_;
    fiber_properties::Wait outer_{};
};

/// A scheduling algorithm that tells what its fibers do: `Base`, one of boost::fibers::algo or of one's own, decides.
/// A Base with properties (algorithm_with_properties) cannot be: see fiber_properties for it.
template <class Base = boost::fibers::algo::round_robin> class fiber_scheduler : public Base {
public:
    using Base::Base;

    void awakened(boost::fibers::context* context) noexcept override {
        fiber_properties::awakened(context); // first: the base may hand it to another thread
        Base::awakened(context);
    }

    boost::fibers::context* pick_next() noexcept override {
        auto* next = Base::pick_next();
        fiber_properties::switches(next);
        return next;
    }

private:
    static_assert(std::is_base_of_v<boost::fibers::algo::algorithm, Base>);
    static_assert(!std::is_base_of_v<boost::fibers::algo::algorithm_with_properties_base, Base>,
                  "derive its properties from tasks::fiber_properties instead");
};

/// boost::fibers::fiber{policy, function, arguments...} with a name and the place of the call.
template <class Function, class... Arguments>
boost::fibers::fiber make_fiber(task_name name, boost::fibers::launch policy, Function&& function,
                                Arguments&&... arguments) {
    return boost::fibers::fiber{policy, static_cast<boost::fibers::fiber_properties*>(new fiber_properties{name}),
                                std::forward<Function>(function), std::forward<Arguments>(arguments)...};
}

template <class Function, class... Arguments,
          class = std::enable_if_t<!std::is_same_v<std::decay_t<Function>, boost::fibers::launch>>>
boost::fibers::fiber make_fiber(task_name name, Function&& function, Arguments&&... arguments) {
    return make_fiber(name, boost::fibers::launch::post, std::forward<Function>(function),
                      std::forward<Arguments>(arguments)...);
}

} // namespace tasks
