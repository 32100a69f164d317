#include "record_pool.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "record_writer.hpp"
#include "region.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t least_growth = 4096;

std::uint32_t first_of(std::uint64_t shared) { return static_cast<std::uint32_t>(shared); }

} // namespace

bool RecordPool::create(TableFile& file, std::size_t first_bytes, std::atomic<bool>& low,
                        protocol::SegmentKind kind) noexcept {
    file_ = &file;
    base_ = file.at<char>(0);
    kind_ = kind;
    low_ = &low;
    const std::size_t records = file.cap_bytes() / protocol::record_bytes + 1;
    void* memory = ::mmap(nullptr, records * sizeof(Link), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    links_ = static_cast<Link*>(memory);
    return append(first_bytes);
}

bool RecordPool::append(std::size_t bytes) noexcept {
    const std::uint32_t count = range_count_.load(std::memory_order_relaxed);
    if (count == max_ranges)
        return false;
    const auto piece = file_->append(kind_, bytes, least_growth);
    if (piece.bytes == 0)
        return false;
    Range& range = ranges_[count];
    const std::uint64_t first = piece.offset / protocol::record_bytes;
    range.end = (piece.offset + piece.bytes) / protocol::record_bytes;
    range.half = first + (range.end - first) / 2;
    range.next.store(first, std::memory_order_relaxed);
    record_room_ += piece.bytes;
    range_count_.store(count + 1, std::memory_order_release);
    return true;
}

std::uint32_t RecordPool::take_row(std::uint32_t count) noexcept {
    for (std::uint32_t i = current_.load(std::memory_order_relaxed);
         i < range_count_.load(std::memory_order_acquire);) {
        Range& range = ranges_[i];
        std::uint64_t next = range.next.load(std::memory_order_relaxed);
        while (next + count <= range.end)
            if (range.next.compare_exchange_weak(next, next + count, std::memory_order_relaxed)) {
                if (next < range.half && next + count >= range.half)
                    low_->store(true, std::memory_order_relaxed);
                return static_cast<std::uint32_t>(next);
            }
        if (i + 1 >= range_count_.load(std::memory_order_acquire))
            return 0;
        std::uint32_t seen = i++;
        current_.compare_exchange_strong(seen, i, std::memory_order_relaxed);
    }
    return 0;
}

std::uint32_t RecordPool::take_more(RecordStore& store) noexcept {
    store.head = pop();
    store.count = 0;
    for (std::uint32_t each = store.head; each != 0; each = links_[each].next)
        ++store.count; // a batch, or what an ended thread held
    if (store.head != 0)
        return take(store);
    constexpr std::uint32_t slab = 16;
    const std::uint32_t first = take_row(slab);
    if (first == 0)
        return take_row(1);
    for (std::uint32_t i = slab - 1; i > 0; --i) {
        links_[first + i].next = store.head;
        store.head = first + i;
    }
    store.count = slab - 1;
    return first;
}

void RecordPool::give_batch(RecordStore& store) noexcept {
    std::uint32_t last = store.head;
    for (std::uint32_t i = 1; i < batch; ++i)
        last = links_[last].next;
    const std::uint32_t first = store.head;
    store.head = links_[last].next;
    store.count -= batch;
    links_[last].next = 0;
    push(first);
}

void RecordPool::give_all(RecordStore& store) noexcept {
    if (store.head != 0)
        push(store.head);
    store = {};
}

// A pop may read the link of a batch that another thread just took and changed: the tag makes its exchange fail then.
void RecordPool::push(std::uint32_t first) noexcept {
    std::uint64_t old = shared_.load(std::memory_order_relaxed);
    std::uint64_t wanted;
    do {
        std::atomic_ref(links_[first].batch).store(first_of(old), std::memory_order_relaxed);
        wanted = ((old >> 32) + 1) << 32 | first;
    } while (!shared_.compare_exchange_weak(old, wanted, std::memory_order_release, std::memory_order_relaxed));
}

std::uint32_t RecordPool::pop() noexcept {
    std::uint64_t old = shared_.load(std::memory_order_acquire);
    std::uint64_t wanted;
    do {
        if (first_of(old) == 0)
            return 0;
        const std::uint32_t below = std::atomic_ref(links_[first_of(old)].batch).load(std::memory_order_relaxed);
        wanted = ((old >> 32) + 1) << 32 | below;
    } while (!shared_.compare_exchange_weak(old, wanted, std::memory_order_acquire, std::memory_order_acquire));
    return first_of(old);
}

bool RecordPool::wants_room() const noexcept {
    const std::uint32_t count = range_count_.load(std::memory_order_acquire);
    const Range& newest = ranges_[count - 1];
    return newest.next.load(std::memory_order_relaxed) >= newest.half;
}

void RecordPool::retire() noexcept {
    if (links_ == nullptr) // create() failed
        return;
    // Links that read as zeros are ends of lists.
    const std::size_t used = file_->file_bytes() / protocol::record_bytes * sizeof(Link);
    give_back(links_, (file_->cap_bytes() / protocol::record_bytes + 1) * sizeof(Link), used);
    release_pages({reinterpret_cast<char*>(links_), used});
}

bool RecordPool::grow_ahead() noexcept { return wants_room() && append(record_room_); }

} // namespace tasks::agent
