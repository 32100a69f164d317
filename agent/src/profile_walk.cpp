#include "profile_walk.hpp"

#include <algorithm>

#include "clock.hpp"

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
    if (!tids_.empty())
        settings_.stack_bytes = std::min(settings_.stack_bytes, moment_.all_stacks_bytes / tids_.size());
}

/// Without a deadline no clock is read.
bool ProfileWalk::in_time(std::uint64_t until_ns) noexcept {
    const bool in = until_ns == UINT64_MAX || now_ns() < until_ns;
    totals_.out_of_time = totals_.out_of_time || !in;
    return in;
}

/// Ourselves the kernel shows in the call that asks.
protocol::ThreadStack ProfileWalk::look_at(std::uint32_t tid) noexcept {
    if (tid != moment_.own_tid)
        return capture_.capture(tid, settings_);
    protocol::ThreadStack thread = capture_.told_as(tid, protocol::Capture::running);
    if (moment_.own != nullptr) {
        const std::string_view name = thread.name;
        thread = *moment_.own;
        thread.name = name;
    }
    return thread;
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
        if (!in_time(moment_.until_ns))
            return;
        const protocol::ThreadStack thread = look_at(tids_[index]);
        if (thread.capture == protocol::Capture::exited)
            continue;
        ++totals_.tasks;
        enough_ = !sink.take(merge(thread), index);
    }
}

void ProfileWalk::own_thread(ProfileSink& sink) noexcept {
    std::uint64_t told = 0;
    const std::uint64_t half = half_of_the_time();
    if (table_ != nullptr && moment_.own_tasks != 0)
        table_->each_task_from(moment_.own_first_record, [&](const protocol::Task& task) {
            if (task.tid == moment_.own_tid) {
                ++told;
                enough_ = !registered(task, sink);
            }
            return !enough_ && told < moment_.own_tasks && in_time(half);
        });
    if (const std::size_t index = index_of(moment_.own_tid); index != ProfileSink::no_thread)
        marks_[index] = 1;
    if (told != 0 || enough_)
        return;
    ++totals_.tasks;
    const protocol::ThreadStack thread = look_at(moment_.own_tid);
    enough_ = !sink.take(merge(thread), index_of(moment_.own_tid));
}

/// What is left is for the threads, of which less is known from elsewhere.
std::uint64_t ProfileWalk::half_of_the_time() const noexcept {
    return moment_.until_ns == UINT64_MAX ? UINT64_MAX : moment_.until_ns - (moment_.until_ns - moment_.taken_ns) / 2;
}

void ProfileWalk::all_registered(ProfileSink& sink) noexcept {
    const std::uint64_t half = half_of_the_time();
    const protocol::TableTotals read = table_->each_task([&](const protocol::Task& task) {
        if (moment_.own != nullptr && task.tid == moment_.own_tid)
            return true; // told first
        if (!in_time(half))
            return false;
        enough_ = !registered(task, sink);
        return !enough_;
    });
    totals_.unreadable = read.unreadable + read.damaged;
}

ProfileWalk::Totals ProfileWalk::run(ProfileSink& sink) noexcept {
    list();
    totals_.table_read = table_ != nullptr;
    if (moment_.own != nullptr)
        own_thread(sink);
    if (moment_.own_only)
        return totals_;
    if (table_ != nullptr)
        all_registered(sink);
    threads(sink);
    return totals_;
}

} // namespace tasks::agent
