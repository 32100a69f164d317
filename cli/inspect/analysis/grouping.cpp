#include "analysis/grouping.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>
#include <utility>

#include "analysis/coroutine_creator.hpp"
#include "analysis/frame_waits.hpp"

namespace tasks::inspect {

using protocol::Capture;
using protocol::State;
using protocol::WaitReason;

namespace {

// Why a task has no frames.
std::string no_stack_words(Capture capture, bool bound, bool thread_known, AgentState agent) {
    if (!bound) {
        return "no thread carries it";
    }
    if (!thread_known) {
        return agent == AgentState::dead ? "its thread is gone with the process" : "its thread was not captured";
    }
    switch (capture) {
    case Capture::captured:
        return "its stack could not be unwound";
    case Capture::running:
        return "running, not captured";
    case Capture::changing:
        return "ran at each look, not captured";
    case Capture::exited:
        return "its thread ended during the capture";
    case Capture::not_permitted:
        return "not permitted to read its stack";
    case Capture::deadline:
        return "not captured before the deadline";
    case Capture::unreadable:
        return "its stack could not be read";
    case Capture::unknown:
        break;
    }
    return "its stack was not captured";
}

std::string address_words(const Frame& frame) {
    std::ostringstream text;
    const auto module = frame.module.substr(frame.module.rfind('/') + 1);
    text << module << (module.empty() ? "0x" : "+0x") << std::hex
         << (module.empty() ? frame.address : frame.module_offset);
    return text.str();
}

std::optional<CreatedBy> place_of(const SiteFacts& site) {
    return site.file.empty() && site.function.empty() ? std::nullopt
                                                      : std::optional(CreatedBy{site.function, site.file, site.line});
}

// Of the call that made a thread: the innermost that is not the runtime's own (std::thread's constructor). Where no
// name is known, as "module+0x..".
std::optional<CreatedBy> place_of(const std::vector<Frame>& frames) {
    const auto own = std::ranges::find_if_not(frames, in_runtime);
    if (frames.empty()) {
        return std::nullopt;
    }
    const auto& frame = own == frames.end() ? frames.front() : *own;
    return CreatedBy{frame.function.empty() ? address_words(frame) : frame.function, frame.file, frame.line};
}

// Two frames that read the same: their addresses count only where no name is known.
bool reads_same(const Frame& left, const Frame& right) {
    return left.function == right.function && left.file == right.file && left.line == right.line &&
           left.inlined == right.inlined && left.module == right.module && left.suspended == right.suspended &&
           (!left.function.empty() || left.address == right.address);
}

bool reads_same(const GroupShape& left, const GroupShape& right) {
    const auto rest = [](const GroupShape& shape) {
        return std::tie(shape.kind, shape.struck, shape.state, shape.wait_reason, shape.age_is_last_ran,
                        shape.wait_is_inferred, shape.wait_name, shape.cut, shape.created_by);
    };
    return rest(left) == rest(right) &&
           std::ranges::equal(left.frames, right.frames,
                              [](const Frame& one, const Frame& other) { return reads_same(one, other); });
}

std::size_t reading_hash(const GroupShape& shape) {
    auto hash = std::hash<std::string>{}(shape.wait_name) + static_cast<std::size_t>(shape.wait_reason);
    for (const auto& frame : shape.frames) {
        hash = hash * 31 + std::hash<std::string>{}(frame.function) + frame.line;
    }
    return hash;
}

} // namespace

std::size_t Grouping::KeyHash::operator()(const Key& key) const noexcept {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
    auto hash = (std::uint64_t{key.stack} << 32 | key.created_site) * odd;
    hash = (hash ^ (hash >> 32) ^ (std::uint64_t{key.logical_stack} << 32 | key.created_stack)) * odd;
    hash = (hash ^ (hash >> 32) ^ (std::uint64_t{key.scopes} << 32 | key.wait_site)) * odd;
    const auto words = static_cast<std::uint64_t>(key.kind) << 24 | static_cast<std::uint64_t>(key.state) << 16 |
                       static_cast<std::uint64_t>(key.wait_reason) << 8 | static_cast<std::uint64_t>(key.capture);
    hash = (hash ^ (hash >> 32) ^ words ^ std::uint64_t{key.created_in} << 32) * odd;
    return hash ^ hash >> 32;
}

Grouping::Grouping(const Snapshot& snapshot, const StackSource& source, const StackOptions& options)
    : snapshot_(snapshot), options_(options), stacks_(source),
      logical_stacks_(snapshot, report_.list.chains(), source, options.raw_frames),
      stack_of_thread_(snapshot.threads.size(), none) {
    report_.process = snapshot.process;
    report_.taken_at_realtime_ns = snapshot.taken_at_realtime_ns;
    report_.skew_ns = snapshot.skew_ns;
    report_.held_ns = snapshot.held_ns;
    report_.asked = options;
    report_.list = TaskList(snapshot);
    report_.dropped = snapshot.vitals.jobs_dropped;
    report_.incomplete = snapshot.incomplete;
}

void Grouping::pick() {
    const auto slots = report_.list.slots();
    report_.next.assign(slots, 0);
    std::unordered_map<Key, std::uint32_t, KeyHash> known;
    std::uint32_t last = none; // neighbours in the table are often of one group: no look-up for them
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
        if (!report_.list.is_task(slot)) {
            continue;
        }
        ++report_.tasks;
        const auto task = report_.list.at(slot);
        if (!passes(task)) {
            ++report_.filtered_out;
            continue;
        }
        const auto key = key_of(task);
        if (last == none || !(raw_[last].key == key)) {
            const auto [found, added] = known.try_emplace(key, static_cast<std::uint32_t>(raw_.size()));
            if (added) {
                raw_.push_back({key, slot, task.scopes});
                report_.groups.push_back({.shape = found->second, .first = slot});
            }
            last = found->second;
        }
        append(last, slot, task);
    }
}

bool Grouping::passes(const TaskView& task) const noexcept {
    return (!options_.state || task.state == *options_.state) && (!options_.kind || task.kind == *options_.kind) &&
           (!options_.older_ns || (task.age != TaskView::unknown_age && task.age >= *options_.older_ns));
}

Grouping::Key Grouping::key_of(const TaskView& task) {
    Key key;
    key.kind = task.kind;
    key.state = task.state;
    key.wait_reason = task.wait_reason;
    key.wait_site = task.wait_site;
    key.from_thread = task.from_thread;
    key.bound = task.tid != 0;
    key.thread_known = task.thread != nullptr;
    key.struck = task.tid != 0 && snapshot_.process.signal && snapshot_.process.signal->tid == task.tid;
    const auto& scopes = scopes_at(snapshot_, task.scopes).sites;
    key.created_site = scopes.empty() ? 0 : scopes.front();
    if (task.thread != nullptr) {
        key.stack = stack_of(*task.thread);
        key.created_stack =
            task.kind == protocol::Kind::thread || task.runs_coroutine ? stacks_.number(task.thread->birth.pcs) : 0;
    }
    if (task.thread == nullptr && task.fiber != nullptr) {
        key.stack = stacks_.number(*task.fiber);
    }
    if (task.runs_coroutine && key.stack != 0) {
        key.logical_stack = logical_stacks_.number(task.tid, stacks_.trace(key.stack));
    } else if (task.chain != CoroutineChains::none && key.stack == 0) {
        key.logical_stack = logical_stacks_.number(task.chain);
    }
    if (task.creator_pc != 0 || task.created_in_pc != 0) {
        take_creator(task, key);
    }
    if (key.stack == 0 && key.logical_stack == 0) {
        key.scopes = task.scopes;
        key.capture = task.thread == nullptr ? Capture::unknown : task.thread->capture;
    }
    return key;
}

// There are few creators of many tasks.
void Grouping::take_creator(const TaskView& task, Key& key) {
    const auto [known, added] = creators_.try_emplace({task.creator_pc, task.created_in_pc});
    if (added) {
        const auto number = [this](std::uint64_t pc) { return pc == 0 ? 0 : stacks_.number(std::vector{pc}); };
        known->second = {number(task.creator_pc), number(task.created_in_pc)};
    }
    key.created_stack = known->second.first;
    key.created_in = known->second.second;
}

std::optional<CreatedBy> Grouping::created_by(const Key& key) const {
    const auto& site = site_at(snapshot_, key.created_site);
    if (key.created_in != 0) {
        return place_of(
            creator_frames(stacks_.frames(key.created_in), stacks_.frames(key.created_stack), site.function));
    }
    return key.created_stack != 0 ? place_of(stacks_.frames(key.created_stack)) : place_of(site);
}

std::uint32_t Grouping::stack_of(const ThreadFacts& thread) {
    auto& stack = stack_of_thread_[static_cast<std::size_t>(&thread - snapshot_.threads.data())];
    if (stack == none) {
        stack = stacks_.number(thread);
    }
    return stack;
}

// Ages and names are taken here, in the order of the slots: group by group, each task would be a cache miss.
void Grouping::append(std::uint32_t at, std::uint32_t slot, const TaskView& task) {
    auto& group = report_.groups[at];
    auto& raw = raw_[at];
    if (group.count == 0) {
        group.first = slot;
        group.one_name = true;
        raw.first_scopes = task.scopes;
    } else {
        report_.next[raw.last] = slot;
        group.one_name = group.one_name && same_name(at, slot, task);
    }
    raw.last = slot;
    ++group.count;
    if (task.age != TaskView::unknown_age) {
        group.age_min = std::min(group.age_min, task.age);
        group.age_max = group.age_max == TaskView::unknown_age ? task.age : std::max(group.age_max, task.age);
    }
}

bool Grouping::same_name(std::uint32_t group, std::uint32_t slot, const TaskView& task) const {
    const auto& raw = raw_[group];
    if (task.scopes == raw.first_scopes && (task.scopes != 0 || !raw.key.thread_known)) {
        return true; // for a million jobs, no text is made
    }
    return report_.list.name(slot) == report_.list.name(report_.groups[group].first);
}

void Grouping::name() {
    report_.shapes.reserve(raw_.size());
    for (const auto& raw : raw_) {
        report_.shapes.push_back(shape_of(raw.key));
    }
}

GroupShape Grouping::shape_of(const Key& key) const {
    GroupShape shape;
    shape.kind = key.kind;
    shape.struck = key.struck;
    shape.state = key.state;
    shape.wait_reason = key.wait_reason;
    shape.age_is_last_ran = key.from_thread;
    const auto& wait = site_at(snapshot_, key.wait_site);
    shape.wait_name = wait.name;
    shape.created_by = created_by(key);
    if (key.logical_stack != 0) {
        shape.frames = logical_stacks_.frames(key.logical_stack);
        if (wait.name.empty()) {
            shape.wait_name = logical_stacks_.wait_name(key.logical_stack);
            shape.wait_is_inferred = logical_stacks_.is_wait_inferred(key.logical_stack);
        }
        shape.cut = key.stack == 0 ? "" : stacks_.cut(key.stack);
        return shape;
    }
    if (key.stack == 0 && key.kind == protocol::Kind::coroutine && !key.bound) {
        auto& frame = shape.frames.emplace_back(logical_stacks_.frame(key.scopes, key.wait_site));
        frame.suspended->kind = key.wait_reason == WaitReason::not_started ? PointKind::initial
                                : key.state == State::done                 ? PointKind::final
                                                                           : PointKind::await;
        return shape;
    }
    if (key.stack == 0) {
        shape.waits_at = place_of(wait);
        shape.no_stack = no_stack_words(key.capture, key.bound, key.thread_known, snapshot_.process.agent);
        return shape;
    }
    shape.frames = stacks_.frames(key.stack);
    shape.cut = stacks_.cut(key.stack);
    if (!shape.cut.empty()) {
        shape.waits_at = place_of(wait); // its frame may be behind the cut
    }
    // Of a fiber that said nothing a deadline is all that is registered.
    const bool of_fiber = key.kind == protocol::Kind::fiber &&
                          (key.wait_reason == WaitReason::unknown || key.wait_reason == WaitReason::timer);
    if (of_fiber || (key.from_thread && key.wait_reason == WaitReason::futex)) {
        shape.wait_reason = wait_of_frames(shape.frames).value_or(key.wait_reason);
    }
    return shape;
}

void Grouping::join() {
    std::unordered_multimap<std::size_t, std::uint32_t> known;
    for (std::uint32_t group = 0; group < raw_.size(); ++group) {
        if (raw_[group].key.stack == 0 && raw_[group].key.logical_stack == 0) {
            continue; // told apart by what the shape does not hold: its scopes
        }
        const auto& shape = report_.shapes[group];
        const auto hash = reading_hash(shape);
        auto [at, end] = known.equal_range(hash);
        at = std::find_if(at, end, [&](const auto& entry) { return reads_same(report_.shapes[entry.second], shape); });
        if (at == end) {
            known.emplace(hash, group);
        } else {
            splice(group, at->second);
        }
    }
}

void Grouping::splice(std::uint32_t from, std::uint32_t into) {
    auto slot = report_.groups[from].first;
    for (auto left = std::exchange(report_.groups[from].count, 0); left > 0; --left) {
        const auto next = report_.next[slot];
        append(into, slot, report_.list.at(slot));
        slot = next;
    }
}

void Grouping::match() {
    if (!options_.match) {
        return;
    }
    const Match match(*options_.match);
    TaskMatch task_match(match, report_.list);
    for (std::uint32_t group = 0; group < raw_.size(); ++group) {
        if (!match.shape(report_.shapes[group])) {
            match_tasks(task_match, group);
        }
    }
}

// Makes the group anew of those of its tasks that match by themselves.
void Grouping::match_tasks(TaskMatch& match, std::uint32_t group) {
    const auto all = std::exchange(report_.groups[group], Group{.shape = group});
    auto slot = all.first;
    for (auto left = all.count; left > 0; --left) {
        const auto next = report_.next[slot];
        if (match.task(slot)) {
            append(group, slot, report_.list.at(slot));
        } else {
            ++report_.filtered_out;
        }
        slot = next;
    }
}

void Grouping::finish() {
    std::erase_if(report_.groups, [](const Group& group) { return group.count == 0; });
    if (options_.full) {
        one_group_a_task();
    }
    std::ranges::sort(report_.groups, [this](const Group& left, const Group& right) {
        const auto rank = [this](const Group& group) { // unknown + 1 is 0: last
            return std::tuple(!report_.shapes[group.shape].struck, ~group.count, ~(group.age_max + 1), group.first);
        };
        return rank(left) < rank(right);
    });
    limit_groups();
}

void Grouping::one_group_a_task() {
    std::vector<Group> each;
    each.reserve(report_.tasks - report_.filtered_out);
    for (const auto& group : report_.groups) {
        auto slot = group.first;
        for (std::uint32_t at = 0; at < group.count; ++at) {
            const auto age = report_.list.at(slot).age;
            each.push_back({group.shape, slot, 1, true, age, age});
            slot = report_.next[slot];
        }
    }
    report_.groups = std::move(each);
}

void Grouping::limit_groups() {
    if (!options_.limit || report_.groups.size() <= *options_.limit) {
        return;
    }
    for (auto at = *options_.limit; at < report_.groups.size(); ++at) {
        report_.tasks_left_out += report_.groups[at].count;
    }
    report_.groups_left_out = report_.groups.size() - *options_.limit;
    report_.groups.resize(*options_.limit);
}

} // namespace tasks::inspect
