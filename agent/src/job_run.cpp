// The two records of a carried job, and the order in which they are written: see table_layout.hpp.
#include <tasks/job.hpp>

#include "label_field.hpp"
#include "reason.hpp"
#include "record_writer.hpp"
#include "registry.hpp"

namespace tasks {

using agent::put;
using agent::RecordWriter;
using agent::Registry;
using agent::ThreadState;
using protocol::TaskRecord;

JobRun::JobRun(JobHandle& handle) noexcept {
    Registry* registry = Registry::active();
    if (handle.record_ == 0 || handle.run_ != nullptr || registry == nullptr || registry != handle.registry_)
        return;
    ThreadState* thread = registry->this_thread();
    if (thread == nullptr)
        return; // no room for the thread: the job is told as one that nobody carries
    auto& job = registry->records().at<TaskRecord>(handle.record_);
    TaskRecord& record = *thread->record;
    const std::uint32_t depth = thread->depth.load(std::memory_order_relaxed);
    put(job.head.wait_reason, agent::number(wait_reason::none));
    put(job.carries, std::uint64_t{depth} << 32 | thread->first_record);
    put(job.head.tid, thread->tid);
    outer_key_ = agent::keep_label(record.label, outer_text_);
    outer_scope_ = record.label.scope;
    {
        const RecordWriter writer{record.head};
        if (depth == 0) {
            put(record.head.generation, ++thread->task_generation);
            put(record.head.started_ns, job.head.started_ns);
            put(record.carries, std::uint64_t{job.head.generation} << 32 | handle.record_);
        }
        if (depth < record.scopes.size())
            put(record.scopes[depth], handle.site_);
        if (depth == 0 || job.label.key != 0)
            agent::inherit_label(record.label, job.label);
        else
            put(record.label.scope, job.label.scope);
        put(record.head.depth, depth + 1);
    }
    // Registry::now() looks the other way round: a job between the two counts twice, never not at all.
    thread->depth.store(depth + 1, std::memory_order_release);
    thread->carried.store(thread->carried.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    handle.run_ = this;
    handle_ = &handle;
    thread_ = thread;
    generation_ = thread->generation.load(std::memory_order_relaxed);
}

JobRun::~JobRun() {
    JobHandle* handle = handle_;
    if (handle != nullptr)
        handle->run_ = nullptr;
    auto* thread = static_cast<ThreadState*>(thread_);
    if (thread == nullptr || !thread->is(generation_) || Registry::active() != thread->registry)
        return;
    TaskRecord& record = *thread->record;
    const std::uint32_t depth = thread->depth.load(std::memory_order_relaxed) - 1;
    {
        const RecordWriter writer{record.head};
        if (depth == 0)
            put(record.carries, std::uint64_t{0});
        agent::put_label(record.label, outer_key_, outer_text_);
        put(record.label.scope, outer_scope_);
        put(record.head.depth, depth);
    }
    if (handle != nullptr) {
        put(thread->registry->records().at<TaskRecord>(handle->record_).head.tid, 0u);
        thread->carried.store(thread->carried.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    }
    thread->depth.store(depth, std::memory_order_release);
}

/// The job has ended while the thread carries it.
void JobRun::let_go(std::uint64_t job_id) noexcept {
    auto* thread = static_cast<ThreadState*>(thread_);
    if (!thread->is(generation_))
        return;
    thread->carried.store(thread->carried.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    if (thread->record->carries == job_id)
        put(thread->record->carries, std::uint64_t{0});
}

} // namespace tasks
