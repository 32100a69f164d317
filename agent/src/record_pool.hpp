// Hands out the table's records. Fresh ones come in order from the record segments; used ones go round in batches:
// each thread keeps a short list of its own, and gives batches to a shared stack that other threads take from.
// Links live in private memory, never in the table: what somebody scribbles into the file cannot lead us astray.
// Lock-free, any thread; no allocation or system call after creation. Growing is for the agent's thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "table_file.hpp"

namespace tasks::agent {

/// The records that one thread holds in store. Only that thread touches it.
struct RecordStore {
    std::uint32_t head = 0; ///< record number, 0: none
    std::uint32_t count = 0;
};

class RecordPool {
public:
    static constexpr std::uint32_t batch = 32;

    /// False: no memory, or no room in the file.
    /// Sets `low` when room runs short. In segments of that kind, whose elements have record_bytes.
    bool create(TableFile& file, std::size_t first_bytes, std::atomic<bool>& low,
                protocol::SegmentKind kind = protocol::SegmentKind::records) noexcept;

    /// A record number for one job; 0 where there is none (count it as dropped).
    std::uint32_t take(RecordStore& store) noexcept { return store.head == 0 ? take_more(store) : take_held(store); }
    /// The same where the store holds one.
    std::uint32_t take_held(RecordStore& store) noexcept {
        const std::uint32_t record = store.head;
        store.head = links_[record].next;
        --store.count;
        return record;
    }
    void give(RecordStore& store, std::uint32_t record) noexcept {
        links_[record].next = store.head;
        store.head = record;
        if (++store.count >= 2 * batch)
            give_batch(store);
    }
    /// Gives away all that a thread holds, when it ends.
    void give_all(RecordStore& store) noexcept;

    /// `count` fresh records in a row, never given back; 0 where there is no room.
    std::uint32_t take_row(std::uint32_t count) noexcept;

    template <class Record> Record& at(std::uint32_t record) noexcept {
        return *reinterpret_cast<Record*>(base_ + std::uint64_t{record} * protocol::record_bytes);
    }

    /// Nobody counts on its records any more: gives back what no late caller can touch, and forgets who is free.
    void retire() noexcept;

    bool wants_room() const noexcept;
    /// The agent's thread: doubles the room when half of the newest is used. True: something was appended.
    bool grow_ahead() noexcept;

private:
    struct Link {
        std::uint32_t next;  // in a batch or a thread's store
        std::uint32_t batch; // the batch below this one on the shared stack
    };
    struct Range {
        std::atomic<std::uint64_t> next;
        std::uint64_t end;
        std::uint64_t half;
    };
    static constexpr std::uint32_t max_ranges = 32;

    bool append(std::size_t bytes) noexcept;
    std::uint32_t take_more(RecordStore& store) noexcept;
    void give_batch(RecordStore& store) noexcept;
    void push(std::uint32_t first_of_batch) noexcept;
    std::uint32_t pop() noexcept;

    TableFile* file_ = nullptr;
    char* base_ = nullptr; // of the file's mapping
    std::atomic<bool>* low_ = nullptr;
    protocol::SegmentKind kind_ = protocol::SegmentKind::records;
    Link* links_ = nullptr; // one a record of the cap, private
    Range ranges_[max_ranges]{};
    std::atomic<std::uint32_t> range_count_{0};
    std::atomic<std::uint32_t> current_{0};
    std::atomic<std::uint64_t> shared_{0}; // tag << 32 | first record of the newest batch
    std::size_t record_room_ = 0;          // bytes of all record segments
};

} // namespace tasks::agent
