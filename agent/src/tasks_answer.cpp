#include "tasks_answer.hpp"

#include "clock.hpp"

namespace tasks::agent {
namespace {

constexpr std::size_t end_bytes = 64; // kept for tasks_end
// Sites are written in the order of their numbers; one that is not there yet may be followed by others whose
// writers were quicker, but not by many.
constexpr std::uint32_t unwritten_in_a_row = 64;

} // namespace

/// True when every site that is written now is told.
bool TasksAnswer::add_sites(protocol::PartWriter& writer, protocol::TableReader& table) noexcept {
    const std::uint32_t count = table.site_count();
    for (std::uint32_t id = sites_told_ + 1; id <= count && id - sites_told_ <= unwritten_in_a_row; ++id) {
        const auto site = table.site(id);
        if (!site)
            continue;
        if (!writer.add(*site))
            return false;
        sites_told_ = id;
    }
    return true;
}

/// True when all tasks are told; false when the part is full.
bool TasksAnswer::add_tasks(protocol::PartWriter& writer, protocol::TableReader& table) noexcept {
    bool full = false;
    const protocol::TableTotals totals = table.each_task_from(next_record_, [&](const protocol::Task& task) {
        full = !writer.add(task);
        next_record_ = (task.id & 0xffffffffu) + (full ? 0 : 1);
        return !full;
    });
    unreadable_ += totals.unreadable + totals.damaged;
    return !full;
}

Part TasksAnswer::fill(std::span<char> memory, const AnswerContext& context) noexcept {
    protocol::PartWriter writer{memory.first(memory.size() - end_bytes)};
    if (!begun_)
        begun_ = writer.tasks_taken_at(now_ns());
    std::uint64_t dropped = 0;
    if (context.table != nullptr) {
        context.table->refresh(); // new sites must be told before the first task that names them
        if (!add_sites(writer, *context.table) || !add_tasks(writer, *context.table))
            return {.bytes = writer.bytes().size(), .more = true};
        dropped = context.table->facts().dropped_jobs;
    }
    const std::size_t used = writer.bytes().size();
    protocol::PartWriter end{memory.subspan(used)};
    end.tasks_end(unreadable_, dropped);
    return {.bytes = used + end.bytes().size(), .more = false};
}

} // namespace tasks::agent
