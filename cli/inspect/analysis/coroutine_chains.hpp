// The await chains of a snapshot's coroutines: frames that were found in memory and coroutines that are registered,
// which are one where the address is the same, each under the one that awaits it. A chain is one task, told from its
// innermost coroutine; where one of it is registered, the outermost such is that task. What another frame holds is
// neither a task nor a part of a chain: a finished frame, one that has not begun, a generator between two values, and
// whatever lies in its holder. Edges come from the target's memory: a cycle is cut. Refers to the snapshot, which must
// outlive it; holds 8 bytes a coroutine, and nothing where none were found and none that is registered awaits another.
// Immutable after construction: any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/coroutine_waits.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

class CoroutineChains {
public:
    static constexpr std::uint32_t none = ~0u;

    CoroutineChains() = default;
    explicit CoroutineChains(const Snapshot& snapshot);

    // A coroutine is known by its number: first the frames of CoroutineList, then those registered whose frame was not
    // found.

    /// The innermost of the chains that no thread runs and of which none is registered.
    const std::vector<std::uint32_t>& innermost() const noexcept { return innermost_; }

    /// How a registered task, by its index in Snapshot::tasks, stands to chains.
    struct Place {
        std::uint32_t innermost = none; ///< of the chain that it is; none: it has no other coroutine
        bool is_part = false;           ///< of another task's chain: it is no task by itself
    };
    Place place(std::uint32_t task) const noexcept;

    /// The coroutines of a chain from that one outwards. `raw`: with those of Asio's own at both ends, which else are
    /// left out where there are others.
    std::vector<std::uint32_t> chain(std::uint32_t innermost, bool raw) const;

    /// Null: its frame was not found.
    const CoroutineFrame* frame(std::uint32_t coroutine) const noexcept;
    const CoroutineFunction* function(std::uint32_t coroutine) const noexcept;
    /// Null: it is not registered.
    const TaskFacts* task(std::uint32_t coroutine) const noexcept;
    /// The innermost of the chain that is registered; null: none is.
    const TaskFacts* innermost_task(std::uint32_t innermost) const noexcept;

    bool runs_on(std::uint32_t tid) const noexcept;
    /// The frames that run on that thread now.
    std::vector<std::uint32_t> running_on(std::uint32_t tid) const;

    /// Why it waits, as far as names tell.
    protocol::WaitReason wait_reason(std::uint32_t coroutine) const noexcept;
    CoroutineWait wait(std::uint32_t coroutine) const;

private:
    void find_frames();
    void join_registered();
    void find_innermost();
    void take_chain(std::uint32_t innermost, std::uint32_t outermost_task, bool runs);
    void judge_waits();
    bool is_held(std::uint32_t coroutine) const noexcept;
    const CoroutineFunction& function_of(const CoroutineFrame& frame) const noexcept;
    std::uint32_t tid_of(std::uint32_t frame) const noexcept;
    AsioFrame asio(std::uint32_t coroutine) const noexcept;

    const Snapshot* snapshot_ = nullptr;
    std::vector<CoroutineFrame>::size_type frames_ = 0;
    std::vector<std::uint32_t> outer_;    ///< by coroutine
    std::vector<std::uint32_t> task_of_;  ///< likewise; empty: none is registered
    std::vector<std::uint32_t> place_of_; ///< by task, see place(); empty: none has one
    std::vector<std::uint32_t> innermost_;
    std::vector<std::uint32_t> running_;                     ///< frames, by tid
    std::vector<AsioFrame> asio_;                            ///< by function
    std::vector<std::vector<protocol::WaitReason>> reasons_; ///< by function and point; the last: point not known
};

/// What a registered coroutine or fiber has besides; null: nothing.
const TaskFrameFacts* task_frame_of(const Snapshot& snapshot, const TaskFacts& task) noexcept;

} // namespace tasks::inspect
