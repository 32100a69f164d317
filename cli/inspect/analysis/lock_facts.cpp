#include "analysis/lock_facts.hpp"

#include <cstring>

#include "analysis/frame_waits.hpp"

namespace tasks::inspect {

using protocol::WaitReason;

namespace {

// pthread_mutex_t: the futex is its first word.
constexpr std::uint64_t mutex_owner = 8;
constexpr std::uint64_t mutex_kind = 16;
constexpr std::uint32_t kind_bits = 0x3ff;  // all that glibc gives a meaning
constexpr std::uint32_t kind_shared = 0x80; // PTHREAD_MUTEX_PSHARED_BIT
constexpr std::uint32_t kind_inherits = 32; // PTHREAD_MUTEX_PRIO_INHERIT_NP: the futex is the owner

// pthread_rwlock_t: one of three words is waited for.
constexpr std::uint64_t rwlock_phase_futex = 8;
constexpr std::uint64_t rwlock_writers_futex = 12;
constexpr std::uint64_t rwlock_writer = 24;
constexpr std::uint64_t rwlock_shared = 28;
constexpr std::uint32_t rwlock_readers_waiting = 4; // PTHREAD_RWLOCK_RWAITING: only in __readers, the first word

constexpr std::uint32_t tid_bits = 0x3fffffff; // FUTEX_TID_MASK

std::optional<std::uint32_t> word_at(const WaitFacts& wait, std::uint64_t address) {
    std::uint32_t word = 0;
    const auto at = address - wait.futex_bytes_at; // wraps where it is before them
    if (at > wait.futex_bytes.size() || wait.futex_bytes.size() - at < sizeof word) {
        return std::nullopt;
    }
    std::memcpy(&word, wait.futex_bytes.data() + at, sizeof word);
    return word;
}

std::uint64_t futex_operation(const ThreadFacts& thread) { return thread.arguments[1] & 0x7f; }

// In pthread_cond_wait and woken, it waits for the mutex: FUTEX_WAIT for the value 2 is lll_lock_wait's alone, the
// condition itself is waited for with FUTEX_WAIT_BITSET, before 2.34 with FUTEX_WAIT for 0.
bool takes_its_mutex_again(const ThreadFacts& thread) {
    return futex_operation(thread) == 0 && static_cast<std::uint32_t>(thread.arguments[2]) == 2;
}

// What the innermost function of the libraries that is known waits for: std::future waits in a condition, which may
// wait for its mutex. lll_lock_wait takes locks of all kinds: malloc's and stdio's are no pthread_mutex_t.
std::optional<WaitReason> innermost_wait(std::span<const Frame> frames) {
    for (const auto& frame : frames) {
        const auto reason = wait_of_function(frame.function);
        if (reason && frame.function.find("lll_lock_wait") == std::string::npos) {
            return reason;
        }
        if (!in_runtime(frame)) {
            break;
        }
    }
    return std::nullopt;
}

bool inherits(const ThreadFacts& thread) {
    constexpr std::uint64_t lock_pi = 6;
    constexpr std::uint64_t lock_pi2 = 13;
    return futex_operation(thread) == lock_pi || futex_operation(thread) == lock_pi2;
}

// glibc waits for a word of its own stack, for 0, where the kernel found that taking a mutex that inherits priority
// would be a deadlock: those bytes are no mutex.
bool waits_for_lock_word(const ThreadFacts& thread) {
    return inherits(thread) || static_cast<std::uint32_t>(thread.arguments[2]) != 0;
}

// Robust mutexes and those that inherit priority are waited for in a function of glibc that only its debug symbols
// name. The kernel knows the latter; of the former all must fit together: the value waited for, the owner, the kind.
bool tells_itself(const ThreadFacts& thread) {
    constexpr std::uint32_t waiters = 0x80000000;
    constexpr std::uint32_t kind_robust = 16;
    const auto value = static_cast<std::uint32_t>(thread.arguments[2]);
    const auto owner = word_at(thread.wait, thread.wait.futex + mutex_owner);
    const auto kind = word_at(thread.wait, thread.wait.futex + mutex_kind);
    return inherits(thread) || (futex_operation(thread) == 0 && (value & waiters) != 0 && kind && owner &&
                                (*kind & kind_robust) != 0 && (value & tid_bits) == *owner);
}

std::optional<LockFacts> mutex_at(const WaitFacts& wait) {
    const auto kind = word_at(wait, wait.futex + mutex_kind);
    const auto owner = word_at(wait, wait.futex + mutex_owner);
    const auto futex = word_at(wait, wait.futex);
    if (!kind || !owner || !futex || (*kind & ~kind_bits) != 0) {
        return std::nullopt;
    }
    LockFacts lock{LockKind::mutex, wait.futex, *owner & tid_bits, (*kind & kind_shared) != 0};
    if ((*kind & kind_inherits) != 0) {
        lock.owner_tid = *futex & tid_bits;
    }
    return lock;
}

std::optional<LockFacts> rwlock_at(const WaitFacts& wait, std::uint32_t expected) {
    auto start = wait.futex - (wait.futex % 8 == 4 ? rwlock_writers_futex : rwlock_phase_futex);
    if (wait.futex % 8 == 0 && (expected & rwlock_readers_waiting) != 0) {
        start = wait.futex;
    }
    const auto writer = word_at(wait, start + rwlock_writer);
    const auto shared = word_at(wait, start + rwlock_shared);
    if (!writer || !shared || *shared > 1) {
        return std::nullopt;
    }
    return LockFacts{LockKind::rwlock, start, *writer & tid_bits, *shared != 0};
}

} // namespace

std::optional<LockFacts> lock_of(const ThreadFacts& thread, std::span<const Frame> frames) {
    if (thread.wait.futex == 0) {
        return std::nullopt;
    }
    const auto reason = innermost_wait(frames);
    switch (reason.value_or(tells_itself(thread) ? WaitReason::mutex : WaitReason::none)) {
    case WaitReason::mutex:
        return waits_for_lock_word(thread) ? mutex_at(thread.wait) : std::nullopt;
    case WaitReason::cond:
        return takes_its_mutex_again(thread) ? mutex_at(thread.wait) : std::nullopt;
    case WaitReason::rwlock_read:
    case WaitReason::rwlock_write:
        return rwlock_at(thread.wait, static_cast<std::uint32_t>(thread.arguments[2]));
    default:
        return std::nullopt;
    }
}

std::optional<std::uint32_t> joined_by(const ThreadFacts& thread, std::span<const Frame> frames) {
    if (thread.wait.futex == 0 || innermost_wait(frames) != WaitReason::join) {
        return std::nullopt;
    }
    const auto tid = word_at(thread.wait, thread.wait.futex); // the kernel clears it when the thread ends
    const bool is_tid = tid && *tid != 0 && (*tid & ~tid_bits) == 0;
    return is_tid && *tid == static_cast<std::uint32_t>(thread.arguments[2]) ? tid : std::nullopt;
}

} // namespace tasks::inspect
