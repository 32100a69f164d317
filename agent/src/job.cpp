#include <tasks/job.hpp>

#include <utility>

#include "clock.hpp"
#include "reason.hpp"
#include "record_writer.hpp"
#include "registry.hpp"

namespace tasks {

using agent::put;
using agent::RecordWriter;
using agent::Registry;
using agent::ThreadState;
using protocol::RecordType;
using protocol::TaskRecord;

Job::Job(const char* name, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr)
        return;
    ThreadState* thread = registry->this_thread();
    if (thread == nullptr) {
        registry->count_dropped();
        return;
    }
    const std::uint32_t site = registry->site(name, place);
    const std::uint32_t depth = thread->depth.load(std::memory_order_relaxed);
    TaskRecord& record = *thread->record;
    {
        const RecordWriter writer{record.head};
        if (depth == 0) {
            put(record.head.generation, ++thread->task_generation);
            put(record.head.started_ns, agent::coarse_now_ns());
        }
        if (depth < record.scopes.size())
            put(record.scopes[depth], site);
        put(record.head.depth, depth + 1);
    }
    thread->depth.store(depth + 1, std::memory_order_relaxed);
    registry->count_birth(*thread, site);
    registry->after_begin();
    thread_ = thread;
    site_ = site;
    generation_ = thread->generation.load(std::memory_order_relaxed);
}

Job::~Job() {
    auto* thread = static_cast<ThreadState*>(thread_);
    if (thread == nullptr || !thread->is(generation_) || Registry::active() != thread->registry)
        return;
    const std::uint32_t depth = thread->depth.load(std::memory_order_relaxed) - 1;
    {
        const RecordWriter writer{thread->record->head};
        put(thread->record->head.depth, depth);
    }
    thread->depth.store(depth, std::memory_order_relaxed);
    thread->registry->count_death(*thread, site_);
}

JobHandle::JobHandle(const char* name, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr)
        return;
    ThreadState* thread = registry->this_thread();
    const std::uint32_t number = thread == nullptr ? 0 : registry->records().take(thread->store);
    if (number == 0) {
        registry->count_dropped();
        return;
    }
    const std::uint32_t site = registry->site(name, place);
    auto& record = registry->records().at<TaskRecord>(number);
    {
        const RecordWriter writer{record.head};
        put(record.head.generation, record.head.generation + 1);
        put(record.head.type, static_cast<std::uint8_t>(RecordType::job));
        put(record.head.state, static_cast<std::uint8_t>(protocol::State::runnable)); // queued, while it does not wait
        put(record.head.wait_reason, agent::number(wait_reason::none));
        put(record.head.started_ns, agent::coarse_now_ns());
        put(record.head.depth, 1u);
        put(record.scopes[0], site);
    }
    agent::add_alone(thread->handles.begun, 1);
    registry->count_birth(*thread, site);
    registry->after_begin();
    registry_ = registry;
    record_ = number;
    site_ = site;
}

void JobHandle::end() noexcept {
    const std::uint32_t number = std::exchange(record_, 0);
    Registry* registry = Registry::active();
    if (number == 0 || registry == nullptr || registry != registry_)
        return;
    ThreadState* thread = registry->this_thread();
    auto& record = registry->records().at<TaskRecord>(number);
    {
        const RecordWriter writer{record.head};
        put(record.head.type, static_cast<std::uint8_t>(RecordType::free));
    }
    if (thread == nullptr)
        return; // no room for this thread: the record is not used again
    agent::add_alone(thread->handles.ended, 1);
    registry->count_death(*thread, site_);
    registry->records().give(thread->store, number);
}

JobHandle::~JobHandle() { end(); }

JobHandle::JobHandle(JobHandle&& other) noexcept
    : registry_(other.registry_), record_(std::exchange(other.record_, 0)), site_(other.site_) {}

JobHandle& JobHandle::operator=(JobHandle&& other) noexcept {
    if (this != &other) {
        end();
        registry_ = other.registry_;
        record_ = std::exchange(other.record_, 0);
        site_ = other.site_;
    }
    return *this;
}

void JobHandle::waits(wait_reason reason, const void* object, const char* name, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (record_ == 0 || registry == nullptr || registry != registry_)
        return;
    const bool ends = reason == wait_reason::none;
    const std::uint32_t site = ends ? 0 : registry->site(name, place);
    auto& record = registry->records().at<TaskRecord>(record_);
    const RecordWriter writer{record.head};
    put(record.head.wait_reason, agent::number(reason));
    put(record.head.wait_object, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(object)));
    put(record.head.wait_since_ns, ends ? std::uint64_t{0} : agent::coarse_now_ns());
    put(record.head.wait_site, site);
}

} // namespace tasks
