#include <tasks/wait.hpp>

#include "clock.hpp"
#include "reason.hpp"
#include "record_writer.hpp"
#include "registry.hpp"

namespace tasks {

using agent::put;
using agent::RecordWriter;
using agent::Registry;
using agent::ThreadState;
using protocol::RecordHead;
using protocol::TaskRecord;

namespace {

[[gnu::always_inline]] inline void put_wait(RecordHead& head, wait_reason reason, std::uint64_t object,
                                            std::uint32_t site, std::uint64_t since_ns) noexcept {
    const RecordWriter writer{head};
    put(head.wait_reason, agent::number(reason));
    put(head.wait_object, object);
    put(head.wait_site, site);
    put(head.wait_since_ns, since_ns);
}

std::uint64_t address_of(const void* object) noexcept { return reinterpret_cast<std::uintptr_t>(object); }

} // namespace

Wait::Wait(wait_reason reason, const void* object, const char* name, const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (registry == nullptr)
        return;
    ThreadState* thread = registry->this_thread();
    if (thread == nullptr)
        return; // the thread itself is still seen through /proc
    const std::uint32_t site = registry->site(name, place);
    RecordHead& head = thread->record->head;
    outer_reason_ = static_cast<wait_reason>(head.wait_reason);
    outer_object_ = head.wait_object;
    outer_site_ = head.wait_site;
    outer_since_ns_ = head.wait_since_ns;
    put_wait(head, reason, address_of(object), site, agent::coarse_now_ns());
    thread_ = thread;
    generation_ = thread->generation.load(std::memory_order_relaxed);
}

Wait::Wait(JobHandle& handle, wait_reason reason, const void* object, const char* name,
           const SourcePlace& place) noexcept {
    Registry* registry = Registry::active();
    if (handle.record_ == 0 || registry == nullptr || registry != handle.registry_)
        return;
    const std::uint32_t site = registry->site(name, place);
    RecordHead& head = registry->records().at<TaskRecord>(handle.record_).head;
    outer_reason_ = static_cast<wait_reason>(head.wait_reason);
    outer_object_ = head.wait_object;
    outer_site_ = head.wait_site;
    outer_since_ns_ = head.wait_since_ns;
    put_wait(head, reason, address_of(object), site, agent::coarse_now_ns());
    handle_ = &handle;
    generation_ = head.generation;
    record_ = handle.record_;
}

Wait::~Wait() {
    auto* thread = static_cast<ThreadState*>(thread_);
    if (thread == nullptr) {
        end_of_handle();
        return;
    }
    if (thread->is(generation_) && Registry::active() == thread->registry)
        put_wait(thread->record->head, outer_reason_, outer_object_, outer_site_, outer_since_ns_);
}

void Wait::end_of_handle() noexcept {
    Registry* registry = Registry::active();
    if (handle_ == nullptr || handle_->record_ != record_ || registry == nullptr || registry != handle_->registry_)
        return;
    RecordHead& head = registry->records().at<TaskRecord>(record_).head;
    if (head.generation == generation_) // else another job is in the handle now
        put_wait(head, outer_reason_, outer_object_, outer_site_, outer_since_ns_);
}

} // namespace tasks
