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
    const std::uint64_t now = agent::coarse_now_ns();
    const RecordWriter writer{head};
    put(head.wait_reason, agent::number(reason));
    put(head.wait_object, static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(object)));
    put(head.wait_site, site);
    put(head.wait_since_ns, now);
    thread_ = thread;
    generation_ = thread->generation.load(std::memory_order_relaxed);
}

Wait::~Wait() {
    auto* thread = static_cast<ThreadState*>(thread_);
    if (thread == nullptr || !thread->is(generation_) || Registry::active() != thread->registry)
        return;
    RecordHead& head = thread->record->head;
    const RecordWriter writer{head};
    put(head.wait_reason, agent::number(outer_reason_));
    put(head.wait_object, outer_object_);
    put(head.wait_site, outer_site_);
    put(head.wait_since_ns, outer_since_ns_);
}

} // namespace tasks
