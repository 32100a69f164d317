// What is known of each of Asio's operations under way, found by the operation's address: since to keep it in the
// operation itself would change the size of Asio's types, and units with and without <tasks/asio.hpp> would not fit.
//
// A store of levels, each twice as large as the one before, of buckets of eight places: an address can be in one bucket
// of each level. A look-up that hits reads two cache lines: the bucket's eight keys, and the operation. No lock: a
// place is claimed by one exchange; Asio itself orders an operation's begin before its end. So a fork() by another
// thread leaves nothing locked. Allocates when all buckets of an address are full, which doubles the store; memory is
// kept until the process ends, 40 bytes a place. Any thread. Part of <tasks/asio.hpp>.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>

#include <tasks/export.h>
#include <tasks/job.hpp>
#include <tasks/task_handle.hpp>

namespace tasks::asio_adapter {

/// A coroutine's wait, or a job of its own. Made in its place in the store, on half a cache line.
struct alignas(32) Operation {
    explicit Operation(const TaskReference& of, std::uint32_t in_queue) noexcept : queue(in_queue), wait(of) {}
    explicit Operation(JobHandle&& of, std::uint32_t in_queue) noexcept : queue(in_queue | a_job), job(std::move(of)) {}
    ~Operation() {
        if (is_job())
            job.~JobHandle();
    }
    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    bool is_job() const noexcept { return (queue & a_job) != 0; }
    /// In which it waits for a thread; 0: none that is counted.
    std::uint32_t in_queue() const noexcept { return queue & ~a_job; }
    /// A coroutine's, in no queue: what most are.
    bool is_plain() const noexcept { return queue == 0; }

    static constexpr std::uint32_t a_job = 1u << 31;
    std::uint32_t queue; // and a_job
    union {
        TaskReference wait;
        JobHandle job;
    };
};
static_assert(sizeof(Operation) == 32);

class TASKS_EXPORT Operations {
    using Key = std::atomic<std::uintptr_t>;

public:
    /// A place of the store that nobody else uses until it is published or freed.
    class Place {
    public:
        Place() noexcept = default; ///< none
        Place(Key& key, void* bytes) noexcept : key_(&key), bytes_(bytes) {}
        explicit operator bool() const noexcept { return key_ != nullptr; }
        Operation& operation() const noexcept { return *std::launder(static_cast<Operation*>(bytes_)); }

        template <class Of> void publish(const void* address, Of&& of, std::uint32_t queue) const noexcept {
            ::new (bytes_) Operation(std::forward<Of>(of), queue);
            key_->store(reinterpret_cast<std::uintptr_t>(address), std::memory_order_release);
        }
        /// Its operation has ended.
        void free() const noexcept {
            operation().~Operation();
            key_->store(0, std::memory_order_release);
        }
        /// The same of a coroutine's.
        void free_wait() const noexcept { key_->store(0, std::memory_order_release); }

    private:
        Key* key_ = nullptr;
        void* bytes_ = nullptr;
    };

    /// A place for the operation at `address`, in the newest level, where that has one; none: claim() it.
    [[gnu::always_inline]] Place claim_at_once(const void* address) noexcept {
        const auto key = reinterpret_cast<std::uintptr_t>(address);
        const std::uint64_t hash = mixed(key);
        const std::uintptr_t level = newest_.load(std::memory_order_acquire);
        if (level == 0)
            return {};
        Bucket& in = bucket(level, hash);
        std::size_t at = first_place(hash);
        for (std::size_t step = 0; step < places; ++step, at = (at + 1) % places) {
            std::uintptr_t seen = in.keys[at].load(std::memory_order_relaxed);
            if (seen == 0 && in.keys[at].compare_exchange_strong(seen, claimed, std::memory_order_acquire))
                return {in.keys[at], &in.operations[at]};
            if (seen == key)
                break;
        }
        return {};
    }
    /// The same in any level, growing the store if need be; none: no memory. An operation of the same address, whose
    /// end was not told, is dropped.
    [[gnu::noinline]] Place claim(const void* address) noexcept {
        const auto key = reinterpret_cast<std::uintptr_t>(address);
        const std::uint64_t hash = mixed(key);
        for (;;) {
            const std::uint32_t count = count_.load(std::memory_order_acquire);
            for (std::uint32_t level = count; level-- > 0;)
                if (const Place place =
                        claim_in(bucket(levels_[level].load(std::memory_order_acquire), hash), hash, key);
                    place)
                    return place;
            if (!grow(count))
                return {};
        }
    }

    /// Of the operation at `address`, in the newest level; none: find() it.
    [[gnu::always_inline]] Place find_at_once(const void* address) noexcept {
        const auto key = reinterpret_cast<std::uintptr_t>(address);
        const std::uint64_t hash = mixed(key);
        const std::uintptr_t level = newest_.load(std::memory_order_acquire);
        return level == 0 ? Place{} : find_in(bucket(level, hash), hash, key);
    }
    /// In any level; none: not known.
    [[gnu::noinline]] Place find(const void* address) noexcept {
        const auto key = reinterpret_cast<std::uintptr_t>(address);
        const std::uint64_t hash = mixed(key);
        for (std::uint32_t level = count_.load(std::memory_order_acquire); level-- > 0;)
            if (const Place place = find_in(bucket(levels_[level].load(std::memory_order_acquire), hash), hash, key);
                place)
                return place;
        return {};
    }

private:
    static constexpr std::size_t places = 8;
    static constexpr unsigned first_bits = 6; // of the number of buckets in the first level
    static constexpr std::uint32_t max_levels = 24;
    static constexpr std::uintptr_t claimed = 1; // no object's address

    struct alignas(64) Bucket { // all zero: empty
        Key keys[places];
        struct alignas(Operation) {
            unsigned char bytes[sizeof(Operation)];
        } operations[places];
    };

    static std::uint64_t mixed(std::uintptr_t key) noexcept { return (key >> 4) * 0x9e3779b97f4a7c15u; }

    /// A level's word is the address of its buckets and, in the bits that are zero there, how far a hash is shifted to
    /// be the number of one.
    static Bucket& bucket(std::uintptr_t level, std::uint64_t hash) noexcept {
        return reinterpret_cast<Bucket*>(level & ~std::uintptr_t{63})[hash >> (level & 63)];
    }

    /// Where to look first in a bucket, then in the places after it, and around: mostly it is the first or second.
    static std::size_t first_place(std::uint64_t hash) noexcept {
        return static_cast<std::size_t>(hash >> 29) % places;
    }

    [[gnu::always_inline]] static Place find_in(Bucket& in, std::uint64_t hash, std::uintptr_t key) noexcept {
        std::size_t at = first_place(hash);
        for (std::size_t step = 0; step < places; ++step, at = (at + 1) % places)
            if (in.keys[at].load(std::memory_order_acquire) == key)
                return {in.keys[at], &in.operations[at]};
        return {};
    }

    static Place claim_in(Bucket& in, std::uint64_t hash, std::uintptr_t key) noexcept {
        for (std::size_t step = 0; step < places; ++step) {
            const std::size_t at = (first_place(hash) + step) % places;
            const Place place{in.keys[at], &in.operations[at]};
            std::uintptr_t seen = in.keys[at].load(std::memory_order_relaxed);
            if (seen == 0 && in.keys[at].compare_exchange_strong(seen, claimed, std::memory_order_acquire))
                return place;
            if (seen == key) { // its end was told to a unit without this header
                in.keys[at].store(claimed, std::memory_order_relaxed);
                place.operation().~Operation();
                return place;
            }
        }
        return {};
    }

    [[gnu::noinline]] bool grow(std::uint32_t count) noexcept {
        if (count == max_levels)
            return false;
        // Zero bytes from calloc: a large level is pages that are not touched yet.
        const unsigned bits = first_bits + count;
        void* memory = std::calloc((std::size_t{1} << bits) + 1, sizeof(Bucket));
        if (memory == nullptr)
            return false;
        const auto begin = (reinterpret_cast<std::uintptr_t>(memory) + alignof(Bucket) - 1) & ~(alignof(Bucket) - 1);
        std::uintptr_t level = begin | (64 - bits);
        std::uintptr_t expected = 0;
        if (!levels_[count].compare_exchange_strong(expected, level, std::memory_order_acq_rel)) {
            std::free(memory);
            level = expected;
        }
        std::uint32_t seen = count;
        if (count_.compare_exchange_strong(seen, count + 1, std::memory_order_acq_rel))
            newest_.store(level, std::memory_order_release);
        return true;
    }

    std::atomic<std::uintptr_t> levels_[max_levels]{};
    std::atomic<std::uint32_t> count_{0};
    std::atomic<std::uintptr_t> newest_{0}; // of levels_, or an older one for a moment
};

/// Never destroyed: operations may end after the destructors of static objects have begun.
TASKS_EXPORT inline Operations operations;

} // namespace tasks::asio_adapter
