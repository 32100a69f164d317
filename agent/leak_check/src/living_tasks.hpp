// The tasks of this process's table that live, read where the agent writes them: a leak check looks several times in a
// row, and is done when nothing is there. No lock, no allocation, no system call; 2 ns a record. Any thread.
// Not told: threads, jobs of scopes (they live as long as a thread is in them), and what another task awaits.
#pragma once

#include <cstdint>

#include <tasks/protocol/table_layout.hpp>

namespace tasks::leaks {

struct LivingTask {
    std::uint64_t id = 0;
    std::uint32_t scope = 0; ///< as protocol::LabelField has it
    std::uint32_t tid = 0;   ///< of the thread that runs or carries it; 0: none
};

/// Records are handed out in their order, 16 to a thread at a time: so many that were never used are behind all others.
inline constexpr std::uint64_t unused_at_end = 1024;

/// False: it is none that lives, or became another one meanwhile.
bool take_living(std::uint64_t number, const protocol::CoroutineRecord& record, LivingTask& task) noexcept;

/// A task, a thread or counts are in it, or were.
bool was_used(const protocol::CoroutineRecord& record) noexcept;

/// In the order of the records; what begins or ends meanwhile is told or not. `table`: BirthInterface::table(), or
/// null.
template <class Visit> void each_living(const void* table, Visit visit) {
    if (table == nullptr)
        return;
    const auto& header = *static_cast<const protocol::TableHeader*>(table);
    const std::uint32_t segments = __atomic_load_n(&header.segment_count, __ATOMIC_ACQUIRE);
    for (std::uint32_t at = 0; at < segments && at < protocol::max_segments; ++at) {
        const protocol::Segment& segment = header.segments[at];
        if (segment.kind != static_cast<std::uint32_t>(protocol::SegmentKind::records))
            continue;
        const auto* records =
            reinterpret_cast<const protocol::CoroutineRecord*>(static_cast<const char*>(table) + segment.offset);
        const std::uint64_t count = segment.bytes / protocol::record_bytes;
        for (std::uint64_t record = 0, unused = 0; record < count && unused < unused_at_end; ++record) {
            unused = was_used(records[record]) ? 0 : unused + 1;
            if (LivingTask task; take_living(segment.offset / protocol::record_bytes + record, records[record], task))
                visit(task);
        }
    }
}

} // namespace tasks::leaks
