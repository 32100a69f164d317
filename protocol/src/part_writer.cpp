#include <tasks/protocol/messages.hpp>

#include "fixed_buffer.hpp"
#include "message_writers.hpp"

namespace tasks::protocol {

using Out = FieldWriter<FixedBuffer>;

template <class Fill> bool PartWriter::fitted(Fill&& fill) noexcept {
    FixedBuffer buffer{memory_.subspan(used_)};
    {
        Out out{buffer};
        fill(out);
    }
    if (buffer.fits())
        used_ += buffer.size();
    return buffer.fits();
}

bool PartWriter::whole(const Welcome& message) noexcept {
    return fitted([&](Out& out) { write_fields(out, message); });
}
bool PartWriter::whole(const ErrorAnswer& message) noexcept {
    return fitted([&](Out& out) { write_fields(out, message); });
}
bool PartWriter::whole(const VitalsAnswer& message) noexcept {
    return fitted([&](Out& out) { write_fields(out, message); });
}
bool PartWriter::whole(const CountsAnswer& message) noexcept {
    return fitted([&](Out& out) { write_fields(out, message); });
}

bool PartWriter::tasks_taken_at(std::uint64_t taken_at_ns) noexcept {
    return fitted([&](Out& out) { write_tasks_taken_at(out, taken_at_ns); });
}
bool PartWriter::add(const Site& site) noexcept {
    return fitted([&](Out& out) { out.element(fields::TasksAnswer::sites, site); });
}
bool PartWriter::add(const Task& task) noexcept {
    return fitted([&](Out& out) { out.element(fields::TasksAnswer::tasks, task); });
}
bool PartWriter::tasks_end(std::uint64_t unreadable, std::uint64_t dropped) noexcept {
    return fitted([&](Out& out) { write_tasks_end(out, unreadable, dropped); });
}

bool PartWriter::stacks_taken_at(std::uint64_t taken_at_ns, std::uint32_t agent_tid) noexcept {
    return fitted([&](Out& out) { write_stacks_taken_at(out, taken_at_ns, agent_tid); });
}
bool PartWriter::add(const Module& module) noexcept {
    return fitted([&](Out& out) { out.element(fields::StacksAnswer::modules, module); });
}
bool PartWriter::add(const ThreadStack& thread) noexcept {
    return fitted([&](Out& out) { out.element(fields::StacksAnswer::threads, thread); });
}
bool PartWriter::stacks_end(std::uint64_t done_at_ns) noexcept {
    return fitted([&](Out& out) { write_stacks_end(out, done_at_ns); });
}

} // namespace tasks::protocol
