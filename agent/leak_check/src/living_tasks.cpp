#include "living_tasks.hpp"

namespace tasks::leaks {
namespace {

using protocol::RecordType;

template <class Word> Word read(const Word& word) noexcept { return __atomic_load_n(&word, __ATOMIC_ACQUIRE); }

} // namespace

bool was_used(const protocol::CoroutineRecord& record) noexcept {
    return read(record.head.generation) != 0 || read(record.head.type) != 0 || read(record.head.sequence) != 0;
}

// The label of a job lies where that of a coroutine does.
bool take_living(std::uint64_t number, const protocol::CoroutineRecord& record, LivingTask& task) noexcept {
    const std::uint8_t type = read(record.head.type);
    const bool coroutine = type == static_cast<std::uint8_t>(RecordType::coroutine);
    if (!coroutine && type != static_cast<std::uint8_t>(RecordType::job))
        return false;
    const std::uint32_t generation = read(record.head.generation);
    if (coroutine && read(record.awaited) != 0)
        return false;
    task = {std::uint64_t{generation} << 32 | number, read(record.label.scope), read(record.head.tid)};
    return read(record.head.type) == type && read(record.head.generation) == generation;
}

} // namespace tasks::leaks
