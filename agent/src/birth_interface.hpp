// How a watcher of pthread_create() (agent/preload) finds the agent whose table the births belong into: a note in the
// program's file, or in a library's, that names this table of functions. It is there for a stripped program too, and
// for the static library, whose names nobody outside can see. The layout is fixed: the two may be of different
// releases.
//
//     ELF note   name "tasks\0", type 1, descriptor: i64, from its own address to the BirthInterface
#pragma once

#include <cstdint>

namespace tasks::agent {

inline constexpr std::uint32_t birth_note_type = 1;
inline constexpr std::uint32_t birth_interface_version = 1;

struct BirthInterface {
    std::uint32_t version;
    std::uint32_t scopes; ///< 1: the functions behind `run` are there; 0 in what was made before them
    /// Births are to be kept. Before the agent starts.
    void (*want)() noexcept;
    /// A thread is about to be made at these return addresses. Null: its birth is not kept; make it as usual. Else to
    /// be made with `run` and this argument.
    void* (*begin)(const std::uint64_t* pcs, std::uint32_t count, void* (*start)(void*), void* argument) noexcept;
    /// It was not made.
    void (*cancel)(void* slot) noexcept;
    /// Runs the host's routine in its own place: no frame of ours stays on the thread's stack.
    void* (*run)(void* slot);

    /// The scope that the present task hands on to what it starts (LabelField::scope), to be read and written on this
    /// thread as an atomic word, at once. Null: no agent runs, or the thread found no room.
    std::uint32_t* (*scope)() noexcept;
    /// The first byte of the table, as table_layout.hpp has it, where the agent writes it; mapped for ever, but for
    /// what header.segments does not have. Null: no agent runs.
    const void* (*table)() noexcept;
};

extern const BirthInterface birth_interface;

} // namespace tasks::agent
