// What the agent keeps for each thread that uses it. Lives in an arena that is never freed, so that a Job or Wait
// may look at its thread's state at any later time and find out by `generation` whether it is still its own.
// Written by its thread alone; the atomics are read by others for counts.
#pragma once

#include <atomic>
#include <cstdint>

#include <tasks/protocol/table_layout.hpp>

#include "record_pool.hpp"

namespace tasks::agent {

class Registry;

/// Tasks of one kind that this thread began and ended, on whatever thread they did the other. Only ever grow. Of one
/// that is awaited the count has ended; where it is a task of its own again it has begun anew.
struct TaskCounts {
    std::uint64_t begun = 0;
    std::uint64_t ended = 0;
};

/// Index of a kind in counts by kind.
/// The last two bits of task_kind.
enum CountedKind : std::uint32_t { counted_jobs = 0, counted_coroutines = 2, counted_fibers = 3, counted_kinds };

struct alignas(128) ThreadState {
    Registry* registry = nullptr;
    protocol::TaskRecord* record = nullptr; ///< the thread's, followed by its two CountsRecords
    std::uint32_t first_record = 0;
    std::uint32_t index = 0;                  ///< in the arena
    std::atomic<std::uint32_t> generation{0}; ///< odd: bound to a thread
    std::atomic<std::uint32_t> depth{0};      ///< nested jobs
    std::atomic<std::uint32_t> carried{0};    ///< of them, those of a JobHandle: counted here, not as handles
    std::atomic<std::uint32_t> next_free{0};  ///< in the list of unbound states, index + 1
    std::uint32_t task_generation = 0;        ///< of the present outermost job
    std::uint32_t tid = 0;
    void* crash_stack = nullptr; ///< for signal handlers, given to the thread when it was bound; null: none
    std::uint32_t birth = 0;     ///< number of the thread's record in Births; 0: none
    RecordStore store;
    RecordStore birth_store;
    TaskCounts handles[counted_kinds];
    std::atomic<std::uint64_t> current{0}; ///< id of the coroutine or fiber that it runs; 0: none

    protocol::CountsRecord* counts() const noexcept {
        return reinterpret_cast<protocol::CountsRecord*>(record) + 1; // the two behind the thread's own
    }
    bool is(std::uint32_t seen) const noexcept { return generation.load(std::memory_order_relaxed) == seen; }
};

} // namespace tasks::agent
