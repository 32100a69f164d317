#include "births.hpp"

#include <sys/mman.h>

#include <algorithm>

#include "clock.hpp"
#include "record_writer.hpp"
#include "region.hpp"

namespace tasks::agent {

using protocol::BirthRecord;

namespace {

constexpr std::size_t share = 8; // of the table, at its start: 54 KiB, 432 threads, of one of 512 KiB

/// The seqlock of a birth is that of a record: the same first words.
class BirthWriter {
public:
    explicit BirthWriter(BirthRecord& record) noexcept
        : sequence_(record.sequence), even_((sequence_.load(std::memory_order_relaxed) | 1u) + 1u) {
        sequence_.store(even_ - 1, std::memory_order_relaxed);
    }
    ~BirthWriter() { sequence_.store(even_, std::memory_order_release); }
    BirthWriter(const BirthWriter&) = delete;
    BirthWriter& operator=(const BirthWriter&) = delete;

private:
    std::atomic_ref<std::uint32_t> sequence_;
    std::uint32_t even_;
};

} // namespace

std::atomic<bool> Births::wanted_{false};

void Births::create(TableFile& file, std::atomic<bool>& low) noexcept {
    file_ = &file;
    const std::size_t left = file.initial_bytes() > file.file_bytes() ? file.initial_bytes() - file.file_bytes() : 0;
    const std::size_t bytes = left / share / page_bytes * page_bytes;
    if (bytes == 0)
        return;
    const std::size_t records = file.cap_bytes() / protocol::record_bytes + 1;
    void* memory = ::mmap(nullptr, records * sizeof(BirthSlot), PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory != MAP_FAILED && pool_.create(file, bytes, low, protocol::SegmentKind::births))
        slots_ = static_cast<BirthSlot*>(memory);
}

BirthSlot* Births::begin(Registry& registry, ThreadState& creator, std::uint32_t scope,
                         std::span<const std::uint64_t> pcs) noexcept {
    const std::uint32_t number = kept() ? pool_.take(creator.birth_store) : 0;
    if (number == 0) {
        count_dropped();
        return nullptr;
    }
    const std::size_t count = std::min(pcs.size(), protocol::birth_pcs);
    auto& record = pool_.at<BirthRecord>(number);
    {
        const BirthWriter writer{record};
        put(record.generation, record.generation + 1);
        put(record.living, std::uint8_t{1});
        put(record.pc_count, static_cast<std::uint8_t>(count));
        put(record.tid, 0u);
        put(record.born_ns, now_ns());
        put(record.creator_tid, creator.tid);
        put(record.scope, scope);
        for (std::size_t at = 0; at < count; ++at)
            put(record.pcs[at], pcs[at]);
    }
    BirthSlot& slot = slots_[number];
    slot.registry = &registry;
    slot.record = number;
    return &slot;
}

void Births::count_dropped() noexcept {
    if (file_ != nullptr) // else nobody asked for them before the agent started
        std::atomic_ref(file_->header().dropped_births).fetch_add(1, std::memory_order_relaxed);
}

void Births::free(std::uint32_t record) noexcept {
    auto& birth = pool_.at<BirthRecord>(record);
    const BirthWriter writer{birth};
    put(birth.living, std::uint8_t{0});
}

void Births::cancel(ThreadState& creator, BirthSlot& slot) noexcept {
    free(slot.record);
    pool_.give(creator.birth_store, slot.record);
}

void Births::run(ThreadState& thread, const BirthSlot& slot) noexcept {
    thread.birth = slot.record;
    auto& record = pool_.at<BirthRecord>(slot.record);
    const BirthWriter writer{record};
    put(record.tid, thread.tid);
    put(thread.record->label.scope, record.scope);
}

void Births::end(ThreadState& thread) noexcept {
    if (!kept())
        return;
    if (thread.birth != 0) {
        free(thread.birth);
        pool_.give(thread.birth_store, thread.birth);
        thread.birth = 0;
    }
    pool_.give_all(thread.birth_store);
}

void Births::forget(const BirthSlot& slot) noexcept {
    RecordStore one;
    free(slot.record);
    pool_.give(one, slot.record);
    pool_.give_all(one);
}

void Births::retire() noexcept {
    if (kept())
        pool_.retire();
}

} // namespace tasks::agent
