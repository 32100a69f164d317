// The lock that a thread waits for in a futex, and who holds it: from the memory around the futex, as the C library
// lays its locks out, and from the library function that waits, without which those bytes may be anything. Facts of
// x86_64 and of glibc 2.31 to 2.41 (sysdeps/x86/nptl/bits/struct_mutex.h, struct_rwlock.h); std::mutex,
// std::recursive_mutex and std::shared_mutex of libstdc++ and libc++ are these. Pure, any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "capture/snapshot.hpp"
#include "symbols/frame.hpp"

namespace tasks::inspect {

enum class LockKind : std::uint8_t { mutex, rwlock };

/// A lock that a thread waits for, from the memory around its futex and the function that waits.
struct LockFacts {
    LockKind kind = LockKind::mutex;
    std::uint64_t address = 0;
    std::uint32_t owner_tid = 0; ///< 0: nobody, or the library does not keep it
    bool shared = false;         ///< between processes: the owner may be a thread of another one

    bool operator==(const LockFacts&) const = default;
};

/// Nothing where the thread waits for something else, or the bytes are no such lock. `frames`: innermost first, at
/// least up to the first that is not the libraries'.
std::optional<LockFacts> lock_of(const ThreadFacts& thread, std::span<const Frame> frames);

/// The thread whose end it waits for in pthread_join and its kin, as the process numbers it.
std::optional<std::uint32_t> joined_by(const ThreadFacts& thread, std::span<const Frame> frames);

} // namespace tasks::inspect
