#include <tasks/job.hpp>

#include "clock.hpp"
#include "record_writer.hpp"
#include "registry.hpp"

namespace tasks {

using agent::put;
using agent::RecordWriter;
using agent::Registry;
using agent::ThreadState;
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

} // namespace tasks
