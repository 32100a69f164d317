#include "render/wait_text.hpp"

#include <fmt/format.h>

#include "render/clean.hpp"
#include "render/figures.hpp"

namespace tasks::render {

using inspect::WaitFacts;
using protocol::WaitReason;

namespace {

constexpr std::size_t longest_target = 80;

bool is_lock(WaitReason reason) {
    return reason == WaitReason::mutex || reason == WaitReason::rwlock_read || reason == WaitReason::rwlock_write;
}

std::string fds_text(const WaitFacts& wait) {
    if (wait.fds) {
        return counted(*wait.fds, "fd");
    }
    if (wait.fd < 0) {
        return "";
    }
    return wait.fd_target.empty() ? "fd " + std::to_string(wait.fd) : cut_to(clean(wait.fd_target), longest_target);
}

/// A wait that no signal ends: where in the kernel it is.
std::string kernel_text(const inspect::ThreadFacts& thread) {
    if (!thread.uninterruptible) {
        return "";
    }
    const auto place = clean(thread.wait_channel);
    return "uninterruptible" + (place.empty() ? "" : " in " + place);
}

void append(const std::string& words, std::string& text) { text += (text.empty() || words.empty() ? "" : " ") + words; }

std::string time_text(const WaitFacts& wait) {
    if (!wait.timeout_ns) {
        return "";
    }
    return wait.timeout_is_left ? duration(*wait.timeout_ns) + " left" : "for " + duration(*wait.timeout_ns);
}

} // namespace

std::string WaitText::of(const inspect::Group& group) const {
    const auto& shape = report_.shape(group);
    if (shape.state != protocol::State::waiting || group.count == 0) {
        return "";
    }
    auto slot = group.first;
    auto common = told(report_.list.at(slot), shape.wait_reason);
    for (std::uint32_t left = group.count - 1; left > 0 && common != Told{}; --left) {
        slot = report_.next[slot];
        const auto other = told(report_.list.at(slot), shape.wait_reason);
        common.object = common.object == other.object ? common.object : "";
        common.kernel = common.kernel == other.kernel ? common.kernel : "";
        common.time = common.time == other.time ? common.time : "";
    }
    append(common.kernel, common.object);
    append(common.time, common.object);
    return common.object;
}

WaitText::Told WaitText::told(const inspect::TaskView& task, WaitReason reason) const {
    if (task.thread == nullptr) {
        return {};
    }
    const auto& waits = report_.waits;
    const auto& facts = task.thread->wait;
    const auto* lock = waits.lock(task.tid);
    const auto* edge = waits.edge(task.tid);
    if (lock == nullptr && edge == nullptr) {
        return task.from_thread ? Told{fds_text(facts), kernel_text(*task.thread), time_text(facts)} : Told{};
    }
    std::string text;
    if (lock != nullptr) { // "mutex" is told already where that is the reason
        text = is_lock(reason) ? fmt::format("{:#x}", lock->lock.address) : "for " + lock_name(lock->lock);
    }
    if (edge != nullptr) {
        text += lock == nullptr ? "of " : " held by ";
        text += edge->holder_tid == task.tid ? "itself" : who(waits, edge->holder_tid);
        text += edge->holder_gone ? ", which has exited" : "";
        const auto* place = edge->holder_tid == task.tid ? nullptr : waits.place(edge->holder_tid);
        const auto at = place == nullptr ? "" : frames_.innermost(place->frames);
        text += at.empty() ? "" : " at " + at;
    }
    return {text, "", time_text(facts)};
}

std::string who(const inspect::WaitGraph& waits, std::uint32_t tid) {
    const auto* place = waits.place(tid);
    const auto name = place == nullptr ? std::string() : cut_to(clean(place->name), longest_target);
    return std::to_string(tid) + (name.empty() ? "" : " \"" + name + "\"");
}

std::string lock_name(const inspect::LockFacts& lock) {
    return fmt::format("{} {:#x}", lock.kind == inspect::LockKind::mutex ? "mutex" : "rwlock", lock.address);
}

} // namespace tasks::render
