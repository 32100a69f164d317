#include <utility>

#include <tasks/job.hpp>

#include "clock.hpp"
#include "label_field.hpp"
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
        put(record.head.tid, 0u);
        put(record.head.started_ns, agent::coarse_now_ns());
        put(record.head.depth, 1u);
        put(record.scopes[0], site);
        agent::inherit_label(record.label, registry->present_label(*thread));
    }
    agent::add_alone(thread->handles[agent::counted_jobs].begun, 1);
    registry->count_birth(*thread, site);
    registry->after_begin();
    registry_ = registry;
    record_ = number;
    site_ = site;
}

void JobHandle::end() noexcept {
    const std::uint32_t number = std::exchange(record_, 0);
    JobRun* run = std::exchange(run_, nullptr);
    if (run != nullptr)
        run->handle_ = nullptr;
    Registry* registry = Registry::active();
    if (number == 0 || registry == nullptr || registry != registry_)
        return;
    ThreadState* thread = registry->this_thread();
    auto& record = registry->records().at<TaskRecord>(number);
    {
        const RecordWriter writer{record.head};
        put(record.head.type, static_cast<std::uint8_t>(RecordType::free));
    }
    if (run != nullptr)
        run->let_go(std::uint64_t{record.head.generation} << 32 |
                    number); // the record is free before, see table_layout
    if (thread == nullptr)
        return registry->end_without_state(number, site_, agent::counted_jobs);
    agent::add_alone(thread->handles[agent::counted_jobs].ended, 1);
    registry->count_death(*thread, site_);
    registry->records().give(thread->store, number);
}

JobHandle::~JobHandle() { end(); }

JobHandle::JobHandle(JobHandle&& other) noexcept
    : registry_(other.registry_), run_(std::exchange(other.run_, nullptr)), record_(std::exchange(other.record_, 0)),
      site_(other.site_) {
    if (run_ != nullptr)
        run_->handle_ = this;
}

JobHandle& JobHandle::operator=(JobHandle&& other) noexcept {
    if (this != &other) {
        end();
        registry_ = other.registry_;
        run_ = std::exchange(other.run_, nullptr);
        record_ = std::exchange(other.record_, 0);
        site_ = other.site_;
        if (run_ != nullptr)
            run_->handle_ = this;
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

void JobHandle::label(const char* key, std::string_view text, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (record_ == 0 || registry == nullptr || registry != registry_)
        return;
    const std::uint32_t site = registry->site(key, place);
    const agent::LabelWords words = agent::label_words(text);
    auto& record = registry->records().at<TaskRecord>(record_);
    {
        const RecordWriter writer{record.head};
        agent::put_label(record.label, site, words);
    }
    auto* carrier = run_ == nullptr ? nullptr : static_cast<ThreadState*>(run_->thread_);
    if (carrier == nullptr || carrier != Registry::bound())
        return;
    const RecordWriter writer{carrier->record->head};
    agent::put_label(carrier->record->label, site, words);
}

} // namespace tasks
