// The distinct stacks of coroutines: chains of suspended frames, and the stacks of threads that run a coroutine, with
// the frames that await it in place of what resumed it. Each task is walked once and equal stacks are one, so that
// 100,000 coroutines cost as many names as there are kinds of them. Refers to what it is made with. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analysis/analyse.hpp"
#include "analysis/task_list.hpp"

namespace tasks::inspect {

class LogicalStacks {
public:
    /// `raw`: with Asio's own frames.
    LogicalStacks(const Snapshot& snapshot, const CoroutineChains& chains, const StackSource& source, bool raw)
        : snapshot_(snapshot), chains_(chains), source_(source), raw_(raw) {}

    /// The number of a chain's stack, from 1.
    std::uint32_t number(std::uint32_t innermost);

    /// Of a thread's, by the trace of its stack.
    std::uint32_t number(std::uint32_t tid, const Trace& trace);

    /// Innermost first.
    std::vector<Frame> frames(std::uint32_t number) const;

    /// Of a coroutine that is registered and has no other with it, by its scopes and wait site.
    Frame frame(std::uint32_t scopes, std::uint32_t wait_site) const;

    /// What the innermost waits for: "basic_waitable_timer::async_wait"; "" not known, or it runs.
    const std::string& wait_name(std::uint32_t number) const { return stacks_[number - 1].wait.operation; }
    bool is_wait_inferred(std::uint32_t number) const { return stacks_[number - 1].wait.inferred; }

private:
    /// A suspended frame, or a place on a thread's stack.
    struct Step {
        std::uint64_t pc = 0;                           ///< 0: suspended
        std::uint32_t function = CoroutineChains::none; ///< of the coroutine; none: not known, or no coroutine
        std::uint32_t point = CoroutineFrame::no_point;
        std::uint32_t scopes = 0;    ///< of one that is registered
        std::uint32_t wait_site = 0; ///< likewise
        bool exact = false;
        bool inferred = false;
        bool done = false;

        bool operator==(const Step&) const = default;
    };
    struct Stack {
        std::vector<Step> steps;
        CoroutineWait wait; ///< of the innermost
    };

    Step step_of(std::uint32_t coroutine) const;
    Frame frame_of(const Step& step) const;
    void take_point(const CoroutineFunction& function, std::uint32_t point, Frame& frame) const;
    std::uint32_t number(std::vector<Step>& steps, bool& added);

    const Snapshot& snapshot_;
    const CoroutineChains& chains_;
    const StackSource& source_;
    bool raw_;
    std::vector<std::vector<Step>> keys_; ///< with what `stacks_` leaves out
    std::vector<Stack> stacks_;
    std::vector<Step> scratch_;
    std::unordered_multimap<std::size_t, std::uint32_t> by_hash_;
};

} // namespace tasks::inspect
