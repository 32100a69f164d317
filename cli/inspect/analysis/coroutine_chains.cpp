#include "analysis/coroutine_chains.hpp"

#include <algorithm>
#include <unordered_map>

namespace tasks::inspect {

using protocol::Kind;
using protocol::State;
using protocol::WaitReason;

namespace {

constexpr auto none = CoroutineChains::none;
constexpr std::uint32_t part_of_another = none - 1;

std::uint32_t index_of(const std::vector<CoroutineFrame>& frames, std::uint64_t address) {
    const auto found = std::ranges::lower_bound(frames, address, {}, &CoroutineFrame::address);
    return found != frames.end() && found->address == address ? static_cast<std::uint32_t>(found - frames.begin())
                                                              : none;
}

const SuspendPoint* point_of(const CoroutineFunction& function, const CoroutineFrame& frame) {
    return frame.point < function.points.size() ? &function.points[frame.point] : nullptr;
}

CoroutineWait wait_at(const CoroutineFunction& function, AsioFrame asio, const SuspendPoint* point) {
    if (asio == AsioFrame::operation) {
        return wait_of_operation(function.function);
    }
    if (point == nullptr) {
        return {};
    }
    if (point->kind == PointKind::initial) {
        return {WaitReason::not_started, ""};
    }
    auto wait = point->awaiter.empty() ? CoroutineWait{} : wait_of_awaiter(point->awaiter);
    if (wait.reason == WaitReason::unknown && wait.operation.empty()) {
        return wait_of_group(function.function);
    }
    wait.inferred = point->awaiter_inferred;
    return wait;
}

const std::vector<CoroutineFrame>& frames_of(const Snapshot& snapshot) {
    static const std::vector<CoroutineFrame> no_frames;
    return snapshot.coroutines ? snapshot.coroutines->frames : no_frames;
}

} // namespace

const TaskFrameFacts* task_frame_of(const Snapshot& snapshot, const TaskFacts& task) noexcept {
    return task.frame == 0 || task.frame >= snapshot.task_frames.size() ? nullptr : &snapshot.task_frames[task.frame];
}

CoroutineChains::CoroutineChains(const Snapshot& snapshot) : snapshot_(&snapshot) {
    find_frames();
    join_registered();
    find_innermost();
}

void CoroutineChains::find_frames() {
    const auto& frames = frames_of(*snapshot_);
    frames_ = frames.size();
    outer_.reserve(frames.size());
    for (std::uint32_t at = 0; at < frames.size(); ++at) {
        outer_.push_back(frames[at].awaited_by == 0 ? none : index_of(frames, frames[at].awaited_by));
        if (frames[at].tid != 0) {
            running_.push_back(at);
        }
    }
    std::ranges::stable_sort(running_, {}, [&frames](std::uint32_t at) { return frames[at].tid; });
    if (snapshot_->coroutines) {
        for (const auto& function : snapshot_->coroutines->functions) {
            asio_.push_back(asio_frame(function.function));
        }
        judge_waits();
    }
}

// A million that are registered, none of which was found in memory or awaits another, need no chains.
void CoroutineChains::join_registered() {
    const auto& tasks = snapshot_->tasks;
    const auto& facts = snapshot_->task_frames;
    if (frames_ == 0 && std::ranges::none_of(facts, [](const TaskFrameFacts& one) { return one.awaited_by != 0; })) {
        return;
    }
    std::unordered_map<std::uint64_t, std::uint32_t> by_id; // of those that have a frame
    std::vector<std::uint32_t> registered;
    for (std::uint32_t at = 0; at < tasks.size(); ++at) {
        const auto* frame = task_frame_of(*snapshot_, tasks[at]);
        if (frame == nullptr || tasks[at].kind != Kind::coroutine) {
            continue;
        }
        task_of_.resize(outer_.size(), none);
        auto coroutine = frame->frame == 0 ? none : index_of(frames_of(*snapshot_), frame->frame);
        if (coroutine == none || task_of_[coroutine] != none) {
            coroutine = static_cast<std::uint32_t>(outer_.size());
            outer_.push_back(none);
            task_of_.push_back(none);
        }
        task_of_[coroutine] = at;
        registered.push_back(coroutine);
        by_id.emplace(tasks[at].id, coroutine);
    }
    for (const auto coroutine : registered) {
        const auto& frame = facts[tasks[task_of_[coroutine]].frame];
        const auto found = frame.awaited_by == 0 ? by_id.end() : by_id.find(frame.awaited_by);
        outer_[coroutine] = found == by_id.end() ? outer_[coroutine] : found->second;
    }
    if (!registered.empty()) {
        place_of_.assign(tasks.size(), none);
    }
}

void CoroutineChains::judge_waits() {
    const auto& functions = snapshot_->coroutines->functions;
    for (std::size_t at = 0; at < functions.size(); ++at) {
        auto& reasons = reasons_.emplace_back();
        for (const auto& point : functions[at].points) {
            reasons.push_back(wait_at(functions[at], asio_[at], &point).reason);
        }
        reasons.push_back(wait_at(functions[at], asio_[at], nullptr).reason);
    }
}

// A generator is at rest with std::suspend_always: its holder resumes it. Asio's coroutine around an operation runs
// only while its caller awaits it: what has none was destroyed, and its memory not used since.
bool CoroutineChains::is_held(std::uint32_t coroutine) const noexcept {
    const auto* facts = frame(coroutine);
    if (facts == nullptr || task(coroutine) != nullptr) {
        return false;
    }
    if (outer_[coroutine] != none) {
        return facts->state == State::done;
    }
    if (asio(coroutine) == AsioFrame::operation && facts->inferred) {
        return true;
    }
    if (facts->tid != 0 || facts->held_by == 0 || index_of(frames_of(*snapshot_), facts->held_by) == none) {
        return false;
    }
    const auto* point = point_of(function_of(*facts), *facts);
    return facts->elided || facts->state == State::done ||
           (point != nullptr && (point->kind == PointKind::initial || point->awaiter == "std::suspend_always"));
}

// From each coroutine that awaits none outwards to one that was met before. What is left then are cycles: each is cut
// where the walk from its lowest number comes back.
void CoroutineChains::find_innermost() {
    const auto count = static_cast<std::uint32_t>(outer_.size());
    std::vector<bool> is_outer(count);
    for (std::uint32_t at = 0; at < count; ++at) {
        if (outer_[at] != none && !is_held(at)) {
            is_outer[outer_[at]] = true;
        }
    }
    struct Met {
        std::uint32_t walk = 0;    // 0: not yet
        std::uint32_t task = none; // the outermost that is registered
        bool runs = false;         // it, or one further out
    };
    std::vector<Met> met(count);
    std::vector<std::uint32_t> path;
    std::uint32_t walk = 0;
    for (const bool cycles : {false, true}) {
        for (std::uint32_t first = 0; first < count; ++first) {
            if (met[first].walk != 0 || (!cycles && is_outer[first]) || is_held(first)) {
                continue;
            }
            path.clear();
            ++walk;
            auto at = first;
            for (; at != none && met[at].walk == 0; at = outer_[at]) {
                met[at].walk = walk;
                path.push_back(at);
            }
            if (at != none && met[at].walk == walk) {
                outer_[path.back()] = none;
                at = none;
            }
            auto known = at == none ? Met{} : met[at];
            for (auto back = path.rbegin(); back != path.rend(); ++back) {
                const auto* facts = frame(*back);
                known.runs = known.runs || (facts != nullptr && facts->tid != 0);
                known.task = known.task == none && task(*back) != nullptr ? task_of_[*back] : known.task;
                known.walk = walk;
                met[*back] = known;
            }
            take_chain(first, known.task, known.runs);
        }
    }
}

void CoroutineChains::take_chain(std::uint32_t innermost, std::uint32_t outermost_task, bool runs) {
    if (outermost_task == none) {
        if (!runs) {
            innermost_.push_back(innermost);
        }
        return;
    }
    for (auto at = innermost; at != none; at = outer_[at]) {
        if (task(at) != nullptr && task_of_[at] != outermost_task) {
            place_of_[task_of_[at]] = part_of_another;
        }
    }
    if (place_of_[outermost_task] == none) {
        place_of_[outermost_task] = innermost;
    } else if (!runs) { // it awaits several at once
        innermost_.push_back(innermost);
    }
}

CoroutineChains::Place CoroutineChains::place(std::uint32_t task) const noexcept {
    if (task >= place_of_.size()) {
        return {};
    }
    return place_of_[task] == part_of_another ? Place{none, true} : Place{place_of_[task], false};
}

const CoroutineFrame* CoroutineChains::frame(std::uint32_t coroutine) const noexcept {
    return coroutine < frames_ ? &snapshot_->coroutines->frames[coroutine] : nullptr;
}

const CoroutineFunction& CoroutineChains::function_of(const CoroutineFrame& frame) const noexcept {
    return snapshot_->coroutines->functions[frame.function];
}

std::uint32_t CoroutineChains::tid_of(std::uint32_t frame) const noexcept {
    return snapshot_->coroutines->frames[frame].tid;
}

const CoroutineFunction* CoroutineChains::function(std::uint32_t coroutine) const noexcept {
    const auto* facts = frame(coroutine);
    return facts == nullptr ? nullptr : &function_of(*facts);
}

const TaskFacts* CoroutineChains::task(std::uint32_t coroutine) const noexcept {
    return coroutine >= task_of_.size() || task_of_[coroutine] == none ? nullptr
                                                                       : &snapshot_->tasks[task_of_[coroutine]];
}

const TaskFacts* CoroutineChains::innermost_task(std::uint32_t innermost) const noexcept {
    for (auto at = innermost; at != none; at = outer_[at]) {
        if (const auto* registered = task(at)) {
            return registered;
        }
    }
    return nullptr;
}

AsioFrame CoroutineChains::asio(std::uint32_t coroutine) const noexcept {
    const auto* facts = frame(coroutine);
    return facts == nullptr ? AsioFrame::none : asio_[facts->function];
}

std::vector<std::uint32_t> CoroutineChains::chain(std::uint32_t innermost, bool raw) const {
    std::vector<std::uint32_t> chain;
    for (auto at = innermost; at != none; at = outer_[at]) {
        chain.push_back(at);
    }
    if (raw || std::ranges::none_of(chain, [this](auto one) { return asio(one) == AsioFrame::none; })) {
        return chain;
    }
    if (asio(chain.back()) == AsioFrame::entry) {
        chain.pop_back();
    }
    if (asio(chain.front()) == AsioFrame::operation) {
        chain.erase(chain.begin());
    }
    return chain;
}

bool CoroutineChains::runs_on(std::uint32_t tid) const noexcept {
    return std::ranges::binary_search(running_, tid, {}, [this](std::uint32_t at) { return tid_of(at); });
}

std::vector<std::uint32_t> CoroutineChains::running_on(std::uint32_t tid) const {
    const auto found = std::ranges::equal_range(running_, tid, {}, [this](std::uint32_t at) { return tid_of(at); });
    return {found.begin(), found.end()};
}

WaitReason CoroutineChains::wait_reason(std::uint32_t coroutine) const noexcept {
    const auto* facts = frame(coroutine);
    if (facts == nullptr) {
        return WaitReason::unknown;
    }
    const auto& reasons = reasons_[facts->function];
    return reasons[std::min<std::size_t>(facts->point, reasons.size() - 1)];
}

CoroutineWait CoroutineChains::wait(std::uint32_t coroutine) const {
    const auto* facts = frame(coroutine);
    if (facts == nullptr) {
        return {};
    }
    const auto& function = function_of(*facts);
    return wait_at(function, asio_[facts->function], point_of(function, *facts));
}

} // namespace tasks::inspect
