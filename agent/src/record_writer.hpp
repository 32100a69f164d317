// Writes one record of the table as a seqlock: sequence odd, fields, sequence even. No lock, no system call.
// One writer a record at a time: the thread that the record belongs to, or the owner of the JobHandle.
// Release stores instead of fences: on x86 both are plain stores, and thread sanitizers understand these.
// A process killed in between leaves an odd sequence, which readers count as unreadable.
// Compiled with TASKS_TORN_RECORDS the odd one is left out: only for the test that shows that it is needed.
#pragma once

#include <atomic>
#include <cstdint>

#include <tasks/protocol/table_layout.hpp>

namespace tasks::agent {

template <class T> void put(T& field, T value) noexcept {
    std::atomic_ref(field).store(value, std::memory_order_release);
}
template <class T> T get(T& field) noexcept { return std::atomic_ref(field).load(std::memory_order_acquire); }

/// For words that only one thread writes, while others may read.
inline void add_alone(std::uint64_t& word, std::uint64_t n) noexcept {
    std::atomic_ref ref(word);
    ref.store(ref.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

class RecordWriter {
public:
    explicit RecordWriter(protocol::RecordHead& head) noexcept
        : sequence_(head.sequence), even_((sequence_.load(std::memory_order_relaxed) | 1u) + 1u) {
#ifndef TASKS_TORN_RECORDS
        sequence_.store(even_ - 1, std::memory_order_relaxed);
#endif
    }
    ~RecordWriter() { sequence_.store(even_, std::memory_order_release); }
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;

private:
    std::atomic_ref<std::uint32_t> sequence_;
    std::uint32_t even_;
};

} // namespace tasks::agent
