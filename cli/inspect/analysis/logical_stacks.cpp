#include "analysis/logical_stacks.hpp"

#include <algorithm>

namespace tasks::inspect {
namespace {

constexpr auto none = CoroutineChains::none;

// The frame of those that run whose code holds each place of the trace; none: it is no coroutine's.
std::vector<std::uint32_t> coroutines_at(const Trace& trace, std::vector<std::uint32_t> running,
                                         const CoroutineChains& chains) {
    std::vector<std::uint32_t> found(trace.pcs.size(), none);
    for (std::size_t at = 0; at < trace.pcs.size(); ++at) {
        const bool exact = at < trace.exact.size() && trace.exact[at];
        const auto pc = trace.pcs[at] - (exact ? 0 : 1);
        const auto frame = std::ranges::find_if(running, [&](std::uint32_t one) {
            const auto& function = *chains.function(one);
            return pc - function.resume < function.resume_size;
        });
        if (frame != running.end()) {
            found[at] = *frame;
            running.erase(frame);
        }
    }
    return found;
}

} // namespace

LogicalStacks::Step LogicalStacks::step_of(std::uint32_t coroutine) const {
    Step step;
    if (const auto* frame = chains_.frame(coroutine)) {
        step.function = frame->function;
        step.point = frame->point;
        step.inferred = frame->inferred;
        step.done = frame->state == protocol::State::done;
    }
    if (const auto* task = chains_.task(coroutine)) {
        step.scopes = task->scopes;
        step.wait_site = task->state == protocol::State::waiting ? task->wait_site : 0;
        step.inferred = false;
    }
    return step;
}

std::uint32_t LogicalStacks::number(std::uint32_t innermost) {
    scratch_.clear();
    for (const auto frame : chains_.chain(innermost, true)) { // what is left out may tell what it waits for
        scratch_.push_back(step_of(frame));
    }
    bool added = false;
    const auto known = number(scratch_, added);
    if (added) {
        auto& stack = stacks_[known - 1];
        stack.wait = chains_.wait(innermost);
        stack.steps.clear();
        for (const auto frame : chains_.chain(innermost, raw_)) {
            stack.steps.push_back(step_of(frame));
        }
    }
    return known;
}

std::uint32_t LogicalStacks::number(std::uint32_t tid, const Trace& trace) {
    const auto coroutines = coroutines_at(trace, chains_.running_on(tid), chains_);
    std::vector<Step> steps;
    for (std::size_t at = 0; at < trace.pcs.size();) {
        const auto frame = coroutines[at];
        steps.push_back({.pc = trace.pcs[at],
                         .function = frame == none ? none : chains_.frame(frame)->function,
                         .exact = at < trace.exact.size() && trace.exact[at]});
        ++at;
        if (frame == none) {
            continue;
        }
        for (const auto outer : chains_.chain(frame, raw_)) {
            if (outer == frame) {
                continue;
            }
            const auto below = std::find(coroutines.begin() + static_cast<std::ptrdiff_t>(at), coroutines.end(), outer);
            if (below != coroutines.end()) { // its thread is in that one too: what resumed the inner is passed over
                at = static_cast<std::size_t>(below - coroutines.begin());
                break;
            }
            steps.push_back(step_of(outer));
        }
    }
    bool added = false;
    return number(steps, added);
}

std::uint32_t LogicalStacks::number(std::vector<Step>& steps, bool& added) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
    std::uint64_t hash = steps.size();
    for (const auto& step : steps) {
        hash = (hash ^ step.pc ^ (std::uint64_t{step.function} << 32 | step.point)) * odd;
        hash = (hash ^ hash >> 32 ^ (std::uint64_t{step.scopes} << 32 | step.wait_site)) * odd;
        hash ^= hash >> 32;
    }
    for (auto [at, end] = by_hash_.equal_range(hash); at != end; ++at) {
        if (keys_[at->second - 1] == steps) {
            return at->second;
        }
    }
    added = true;
    keys_.push_back(steps);
    stacks_.push_back({steps, {}});
    const auto number = static_cast<std::uint32_t>(stacks_.size());
    by_hash_.emplace(hash, number);
    return number;
}

std::vector<Frame> LogicalStacks::frames(std::uint32_t number) const {
    std::vector<Frame> all;
    for (const auto& step : stacks_[number - 1].steps) {
        if (step.pc == 0) {
            all.push_back(frame_of(step));
            continue;
        }
        const auto& frames = source_.frames(step.pc, step.exact);
        all.insert(all.end(), frames.begin(), frames.end());
        if (step.function != none && !frames.empty()) { // without the name that the compiler gave its code
            all.back().function = snapshot_.coroutines->functions[step.function].function;
        }
    }
    return all;
}

// What the registry knows goes before what was found in memory.
Frame LogicalStacks::frame_of(const Step& step) const {
    Frame frame;
    if (step.scopes != 0 || step.wait_site != 0) {
        frame = this->frame(step.scopes, step.wait_site);
    }
    auto& at = frame.suspended ? *frame.suspended : frame.suspended.emplace();
    at.inferred = step.inferred;
    if (step.function != none) {
        const auto& function = snapshot_.coroutines->functions[step.function];
        frame.function = function.function;
        frame.module = function.module;
        if (step.point < function.points.size()) {
            take_point(function, step.point, frame);
            if (at.kind == PointKind::final && !step.done) { // the last one of a function that never ends
                at.kind = PointKind::await;
            }
        }
    }
    return frame;
}

void LogicalStacks::take_point(const CoroutineFunction& function, std::uint32_t point, Frame& frame) const {
    const auto& facts = function.points[point];
    auto& at = *frame.suspended;
    at.number = facts.number;
    at.kind = facts.kind;
    if (at.provenance == Provenance::none && facts.provenance != Provenance::none && facts.line != 0) {
        at.provenance = facts.provenance;
        frame.file = facts.file.empty() ? function.file : facts.file;
        frame.line = facts.line;
    }
}

Frame LogicalStacks::frame(std::uint32_t scopes, std::uint32_t wait_site) const {
    const auto& sites = scopes_at(snapshot_, scopes).sites;
    const auto& wait = site_at(snapshot_, wait_site);
    Frame frame;
    frame.suspended.emplace();
    if (!sites.empty()) {
        const auto& site = site_at(snapshot_, sites.back());
        frame.function = site.name.empty() ? site.function : site.name;
    } else {
        frame.function = wait.function;
    }
    if (!wait.file.empty() && wait.line != 0) {
        frame.file = wait.file;
        frame.line = wait.line;
        frame.suspended->provenance = Provenance::exact;
    }
    return frame;
}

} // namespace tasks::inspect
