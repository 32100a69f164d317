#include "profile_walk.hpp"

#include <algorithm>

namespace tasks::agent {

ProfileWalk::ProfileWalk(Workspace& workspace, protocol::TableReader* table, std::span<char> marks,
                         const Moment& moment) noexcept
    : workspace_(workspace), table_(table), marks_(marks), moment_(moment),
      settings_{.stack_bytes = moment.stack_bytes, .last_ran = false},
      capture_(workspace.task_directory.get(), workspace.stack, workspace.texts, workspace.clocks) {}

void ProfileWalk::list() noexcept {
    if (!workspace_.task_directory)
        return;
    const auto tids = as_numbers<std::uint32_t>(workspace_.tids);
    const ThreadList list = list_threads(workspace_.task_directory.get(), moment_.agent_tid, tids, workspace_.lines);
    tids_ = tids.first(list.listed);
    std::sort(tids_.begin(), tids_.end());
    totals_.threads_listed = list.complete;
    totals_.threads_left_out = list.left_out;
}

/// Ourselves the kernel shows in the call that asks.
protocol::ThreadStack ProfileWalk::look_at(std::uint32_t tid) noexcept {
    return tid == moment_.own_tid ? capture_.told_as(tid, protocol::Capture::running)
                                  : capture_.capture(tid, settings_);
}

std::size_t ProfileWalk::index_of(std::uint32_t tid) const noexcept {
    const auto found = std::lower_bound(tids_.begin(), tids_.end(), tid);
    return found != tids_.end() && *found == tid ? static_cast<std::size_t>(found - tids_.begin())
                                                 : ProfileSink::no_thread;
}

bool ProfileWalk::registered(const protocol::Task& task, ProfileSink& sink) noexcept {
    ++totals_.tasks;
    if (task.tid == 0 || !workspace_.task_directory)
        return sink.take(merge(task, nullptr, moment_.taken_ns), ProfileSink::no_thread);
    const std::size_t index = index_of(task.tid);
    if (index != ProfileSink::no_thread)
        marks_[index] = 1;
    const protocol::ThreadStack thread = look_at(task.tid);
    return sink.take(merge(task, &thread, moment_.taken_ns), index);
}

void ProfileWalk::threads(ProfileSink& sink) noexcept {
    for (std::size_t index = 0; index < tids_.size() && !enough_; ++index) {
        if (marks_[index] != 0)
            continue;
        const protocol::ThreadStack thread = look_at(tids_[index]);
        if (thread.capture == protocol::Capture::exited)
            continue;
        ++totals_.tasks;
        enough_ = !sink.take(merge(thread), index);
    }
}

ProfileWalk::Totals ProfileWalk::run(ProfileSink& sink) noexcept {
    list();
    if (table_ != nullptr) {
        const protocol::TableTotals read = table_->each_task([&](const protocol::Task& task) {
            enough_ = !registered(task, sink);
            return !enough_;
        });
        totals_.unreadable = read.unreadable + read.damaged;
        totals_.table_read = true;
    }
    threads(sink);
    return totals_;
}

} // namespace tasks::agent
