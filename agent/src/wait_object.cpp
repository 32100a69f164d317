#include <tasks/wait_object.hpp>

#include <utility>

#include "clock.hpp"
#include "reason.hpp"
#include "record_writer.hpp"
#include "registry.hpp"

namespace tasks {

using agent::put;
using agent::RecordWriter;
using agent::Registry;
using protocol::RecordType;
using protocol::WaitObjectRecord;

namespace {

/// Null: it is gone, or of an agent that has ended.
WaitObjectRecord* record_of(void* registry, std::uint32_t number, std::uint32_t generation) noexcept {
    Registry* active = number == 0 ? nullptr : Registry::active();
    if (active == nullptr || active != registry)
        return nullptr;
    auto& record = active->records().at<WaitObjectRecord>(number);
    const bool same = agent::get(record.head.generation) == generation &&
                      agent::get(record.head.type) == static_cast<std::uint8_t>(RecordType::wait_object);
    return same ? &record : nullptr;
}

} // namespace

WaitObject::WaitObject(const void* address, const char* name, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr)
        return;
    agent::ThreadState* thread = registry->this_thread();
    const std::uint32_t number = thread == nullptr ? 0 : registry->records().take(thread->store);
    if (number == 0) {
        registry->count_dropped();
        return;
    }
    const std::uint32_t site = registry->site(name, place);
    auto& record = registry->records().at<WaitObjectRecord>(number);
    put(record.handles, std::uint64_t{0});
    put(record.handles_ended_ns, std::uint64_t{0});
    {
        const RecordWriter writer{record.head};
        put(record.head.generation, record.head.generation + 1);
        put(record.head.type, static_cast<std::uint8_t>(RecordType::wait_object));
        put(record.head.wait_reason, agent::number(wait_reason::none));
        put(record.head.tid, 0u);
        put(record.head.wait_object, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(address)));
        put(record.head.started_ns, agent::coarse_now_ns());
        put(record.head.wait_site, site);
    }
    std::atomic_ref(registry->file().header().wait_objects).fetch_add(1, std::memory_order_relaxed);
    registry->after_begin();
    registry_ = registry;
    record_ = number;
    generation_ = record.head.generation;
}

WaitObject::~WaitObject() {
    WaitObjectRecord* record = record_of(registry_, record_, generation_);
    if (record == nullptr)
        return;
    {
        const RecordWriter writer{record->head};
        put(record->head.type, static_cast<std::uint8_t>(RecordType::free));
    }
    auto* registry = static_cast<Registry*>(registry_);
    if (agent::ThreadState* thread = registry->this_thread(); thread != nullptr)
        registry->records().give(thread->store, record_);
    else
        registry->give_without_state(record_);
}

WaitHandle::WaitHandle(const WaitObject& object) noexcept
    : registry_(object.registry_), record_(object.record_), generation_(object.generation_) {
    begin();
}

WaitHandle::WaitHandle(const WaitHandle& other) noexcept
    : registry_(other.registry_), record_(other.record_), generation_(other.generation_) {
    begin();
}

WaitHandle::WaitHandle(WaitHandle&& other) noexcept
    : registry_(other.registry_), record_(std::exchange(other.record_, 0)), generation_(other.generation_) {}

WaitHandle& WaitHandle::operator=(WaitHandle other) noexcept {
    std::swap(registry_, other.registry_);
    std::swap(record_, other.record_);
    std::swap(generation_, other.generation_);
    return *this;
}

// The time that an earlier last handle left is of no moment any more. It is stored after the count: readers believe it
// only where the count is 0.
void WaitHandle::begin() noexcept {
    WaitObjectRecord* record = record_of(registry_, record_, generation_);
    if (record != nullptr && std::atomic_ref(record->handles).fetch_add(1, std::memory_order_acq_rel) == 0)
        put(record->handles_ended_ns, std::uint64_t{0});
}

WaitHandle::~WaitHandle() {
    WaitObjectRecord* record = record_of(registry_, record_, generation_);
    if (record != nullptr && std::atomic_ref(record->handles).fetch_sub(1, std::memory_order_acq_rel) == 1)
        put(record->handles_ended_ns, agent::coarse_now_ns());
}

} // namespace tasks
