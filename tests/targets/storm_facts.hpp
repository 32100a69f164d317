// What job_storm writes down of its own tasks, in a mapped file that outlives it as its table does, and how each wait
// proves whose it is: so that killed_table can tell a task that was there from one that was torn or invented.
// Each fact is written before and after the call that makes it true: after a kill in between, either may be seen.
#pragma once

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstdint>

#include <tasks/wait_reason.hpp>

namespace targets {

inline constexpr unsigned writers = 4;
inline constexpr unsigned handle_count = 64;
inline constexpr unsigned deepest = 10; ///< two more than a record has room for
inline constexpr unsigned variants = 8; ///< scopes that a thread has the choice of at each depth

/// A fact while it changes: what it was, and what it is going to be.
struct Between {
    std::atomic<std::uint64_t> from;
    std::atomic<std::uint64_t> to;

    template <class Change> void change(std::uint64_t value, Change&& make_true) {
        to.store(value);
        make_true();
        from.store(value);
    }
    bool may_be(std::uint64_t value) const { return from == value || to == value; }
    bool is(std::uint64_t value) const { return from == value && to == value; }
};

struct HandleFacts {
    Between alive; ///< 0, 1
    std::atomic<std::uint64_t> number;
    std::atomic<std::uint64_t> started_ns; ///< 0: the clock ticked meanwhile
    Between wait;                          ///< its object, 0: none
    Between label;                         ///< the number that is its text, 0: none
    Between carried;                       ///< by which scope of which thread, see carried_by(); 0: none
};

struct ThreadFacts {
    std::atomic<std::uint64_t> tid;
    Between depth;
    std::array<std::atomic<std::uint64_t>, deepest> scopes; ///< the line of the site at each depth
    std::atomic<std::uint64_t> number;                      ///< of the outermost scope
    std::atomic<std::uint64_t> started_ns;
    Between wait;
    Between label;
    Between births; ///< of jobs and scopes, on the threads of this number
    Between deaths;
};

/// All zero: nothing was begun.
struct StormFacts {
    std::array<HandleFacts, handle_count> handles;
    std::array<ThreadFacts, writers> threads;
};

inline constexpr std::uint64_t carried_by(std::uint64_t writer, std::uint64_t depth) {
    return 1 + writer * deepest + depth;
}
inline constexpr std::uint64_t depth_of(std::uint64_t carried) { return (carried - 1) % deepest; }

/// The file as the facts; null: it cannot be mapped.
inline StormFacts* map_facts(int fd, int protection) {
    void* memory = ::mmap(nullptr, sizeof(StormFacts), protection, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? nullptr : static_cast<StormFacts*>(memory);
}

/// Places in the source, made up, so that a site tells what was begun there.
inline constexpr std::uint32_t handle_lines = 1000; ///< + the handle's index
inline constexpr std::uint32_t wait_lines = 2000;   ///< + turn % wait_names.size()
inline constexpr std::uint32_t scope_lines = 3000;  ///< + depth * variants + variant
inline constexpr std::uint32_t label_line = 4000;
inline constexpr const char* label_key = "storm";
inline constexpr const char* storm_file = "storm.cpp";
inline constexpr const char* storm_function = "storm()";

inline constexpr std::array job_names{"charge card", "send receipt", "fetch rates", "close account", "audit"};
inline constexpr std::array wait_names{"results", "ledger", "pool", "limits", "socket", "timer", "gate"};
inline constexpr std::array wait_reasons{tasks::wait_reason::chan_send, tasks::wait_reason::mutex,
                                         tasks::wait_reason::cond, tasks::wait_reason::sleep, tasks::wait_reason::poll};

/// What a wait's object says, and the number that a label's text is (without a job and its start): the low 24 bits the
/// number of the job that waits, then 23 of the turn (which wait it is), one whether the start's time is known, 16 that
/// only fit these, that time and the task's owner.
struct Proof {
    std::uint64_t owner = 0; ///< a handle's index, or handle_count + a writer's
    std::uint64_t number = 0;
    std::uint64_t turn = 0;
    std::uint64_t started_ns = 0; ///< 0: not known

    static constexpr std::uint64_t number_bits = 24;
    static constexpr std::uint64_t turn_bits = 23;

    static Proof of(std::uint64_t object, std::uint64_t owner, std::uint64_t started_ns) {
        const bool known = (object >> (number_bits + turn_bits) & 1) != 0;
        return {.owner = owner,
                .number = object & ((1u << number_bits) - 1),
                .turn = object >> number_bits & ((1u << turn_bits) - 1),
                .started_ns = known ? started_ns : 0};
    }
    std::uint64_t object() const {
        const std::uint64_t said = (number & ((1u << number_bits) - 1)) |
                                   (turn & ((1u << turn_bits) - 1)) << number_bits |
                                   std::uint64_t{started_ns != 0} << (number_bits + turn_bits);
        std::uint64_t mixed = (said ^ owner << 48) * 0x9e3779b97f4a7c15u + started_ns;
        mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
        return said | (mixed >> 48 | 1) << 48; // never 0
    }
};

} // namespace targets
