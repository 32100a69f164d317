// The tasks of a snapshot, each counted once: registered tasks and OS threads put together. A thread that carries a
// job *is* that job; a thread with a record of its own wait takes wait, object and exact age from there; the other
// threads are tasks by themselves, and so is each chain of coroutines that no thread runs; a thread that runs a
// coroutine is that. Refers to the snapshot, which must outlive it; holds 8 bytes a thread, 13 a coroutine that was
// found and nothing a registered task, since there may be a million. Immutable after construction: any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "analysis/coroutine_chains.hpp"
#include "capture/snapshot.hpp"
#include "symbols/frame.hpp"

namespace tasks::inspect {

/// One task, put together.
struct TaskView {
    static constexpr std::uint64_t unknown_age = ~0ull;

    std::uint64_t id = 0; ///< 0: a thread without a record
    std::uint32_t tid = 0;
    protocol::Kind kind = protocol::Kind::unknown;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    bool from_thread = false;                    ///< state, wait and age are the thread's: the age is "last ran"
    const ThreadFacts* thread = nullptr;         ///< null: none carries it, or it is not known
    const ThreadFacts* fiber = nullptr;          ///< the stack of a fiber that no thread runs; null: it is not known
    std::uint32_t scopes = 0;                    ///< index into Snapshot::scope_lists
    std::uint32_t wait_site = 0;                 ///< index into Snapshot::sites
    std::uint32_t label = 0;                     ///< index into Snapshot::labels; 0: none
    std::uint64_t wait_object = 0;               ///< 0: none
    std::uint64_t age = unknown_age;             ///< ns in this state
    std::uint32_t chain = CoroutineChains::none; ///< the innermost of its chain of coroutines
    bool runs_coroutine = false;                 ///< its thread does
    std::uint64_t creator_pc = 0;                ///< of a coroutine: return address in whoever created it; 0: not known
    std::uint64_t created_in_pc = 0;             ///< of a coroutine: likewise, in its own function
};

class TaskList {
public:
    TaskList() = default;
    explicit TaskList(const Snapshot& snapshot);

    /// Slots 0 ... slots() - 1: first the registered tasks, then the threads, then the chains of coroutines.
    /// Not every slot is a task.
    std::uint32_t slots() const noexcept;
    bool is_task(std::uint32_t slot) const noexcept;

    /// The task in a slot for which is_task().
    TaskView at(std::uint32_t slot) const noexcept;

    /// `outer > inner`, or the thread's name; "" where there is none.
    std::string name(std::uint32_t slot) const;

    /// The same; a thread that only has its process's name is called by what its stack says that it runs.
    std::string name(std::uint32_t slot, std::span<const Frame> frames) const;

    const Snapshot& snapshot() const noexcept { return *snapshot_; }
    const CoroutineChains& chains() const noexcept { return chains_; }

private:
    const ThreadFacts* thread_of(std::uint32_t tid) const noexcept;
    const ThreadFacts* main_thread() const noexcept;
    std::uint64_t age_of(std::uint64_t since_ns) const noexcept;
    TaskView registered(const TaskFacts& task) const noexcept;
    TaskView chained(std::uint32_t slot) const noexcept;
    TaskView chain_of(std::uint32_t innermost) const noexcept;
    void join_chain(std::uint32_t innermost, TaskView& task) const noexcept;

    const Snapshot* snapshot_ = nullptr;
    CoroutineChains chains_;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> by_tid_; ///< (tid, index into threads), sorted
    std::vector<bool> counted_elsewhere_;                         ///< per thread: a registered task, or gone
};

/// The site with that index, or "no site" for an index that the snapshot does not have.
const SiteFacts& site_at(const Snapshot& snapshot, std::uint32_t index) noexcept;

/// The sites of a task's scopes, likewise.
const ScopeList& scopes_at(const Snapshot& snapshot, std::uint32_t index) noexcept;

/// The label with that index; null for 0 and for one that the snapshot does not have.
const LabelFacts* label_at(const Snapshot& snapshot, std::uint32_t index) noexcept;

} // namespace tasks::inspect
