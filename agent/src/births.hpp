// Births of threads: who made each one, where and when. Kept in the table in segments of their own, only in a process
// whose pthread_create() is watched (agent/preload), which asks for it before the agent starts. Part of the registry;
// the host's threads write, lock-free and without a system call; growing is for the agent's thread.
// A record is taken by the thread that creates, belongs to the new one from its first step on, and is free again when
// that runs its exit hook. What leads to the host's start routine lies in private memory, never in the table.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "record_pool.hpp"
#include "thread_state.hpp"

namespace tasks::agent {

/// What the new thread needs to begin. Never freed.
struct BirthSlot {
    void* (*start)(void*);
    void* argument;
    Registry* registry;
    std::uint32_t record;
};

class Births {
public:
    /// From now on each run of the agent keeps births. Before it starts; never taken back.
    static void want() noexcept { wanted_.store(true); }
    static bool wanted() noexcept { return wanted_.load(); }

    /// Where there is no memory, or next to no room in the file, births are counted as dropped.
    void create(TableFile& file, std::atomic<bool>& low) noexcept;

    /// A record for the thread that `creator` is about to make; null: there is no room (counted), or births are not
    /// kept.
    BirthSlot* begin(Registry& registry, ThreadState& creator, std::uint32_t scope,
                     std::span<const std::uint64_t> pcs) noexcept;
    /// Where births are wanted: one is not known, since its thread or that one's creator found no room for its own
    /// record.
    void count_dropped() noexcept;
    /// The thread was not made.
    void cancel(ThreadState& creator, BirthSlot& slot) noexcept;
    /// The new thread's first step.
    void run(ThreadState& thread, const BirthSlot& slot) noexcept;
    /// The thread ends, or can have no state: `thread` may be another's then.
    void end(ThreadState& thread) noexcept;
    void forget(const BirthSlot& slot) noexcept;

    bool kept() const noexcept { return slots_ != nullptr; }
    bool wants_room() const noexcept { return kept() && pool_.wants_room(); }
    bool grow_ahead() noexcept { return kept() && pool_.grow_ahead(); }
    void retire() noexcept;

private:
    void free(std::uint32_t record) noexcept;
    static std::atomic<bool> wanted_;
    TableFile* file_ = nullptr;
    RecordPool pool_;
    BirthSlot* slots_ = nullptr; // by record number
};

} // namespace tasks::agent
