#include "leak_description.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "analysis/analyse.hpp"
#include "analysis/group_labels.hpp"
#include "capture/world.hpp"
#include "own_process.hpp"
#include "render/plumbing.hpp"
#include "symbols/symbolizer.hpp"
#include "unregistered_coroutines.hpp"
#include "unwind/module_map.hpp"
#include "unwind/unwinder.hpp"

namespace tasks::leaks {
namespace {

using inspect::Frame;
using inspect::Group;
using inspect::GroupShape;
using inspect::TaskView;

constexpr std::size_t labels_told = 3;

/// One look: the snapshot, and all that is needed to name what is in it.
class Look {
public:
    Look(const LeftOver& left, const Options& options)
        : left_(left), options_(options), world_(inspect::this_machine(clock_)), snapshot_(capture_self(world_, left)),
          modules_(snapshot_.modules, {.pid = snapshot_.process.pid}), unwinder_(modules_), symbolizer_(modules_) {
        if (!left.coroutines.empty())
            take_coroutines();
        report_ = inspect::analyse_stacks(snapshot_, source(), inspect::StackOptions{});
    }

    Described describe() {
        Described described;
        for (const Group& group : report_.groups)
            add(group, described);
        auto& notes = LeakReportBuilder::notes(described.report);
        for (const auto& each : report_.incomplete)
            if (each.tid == 0)
                notes.push_back(each.reason);
        for (const auto& problem : modules_.problems())
            notes.push_back(problem);
        return described;
    }

private:
    void take_coroutines() {
        const CoroutineKeys wanted{left_.coroutines.begin(), left_.coroutines.end()};
        auto found = unregistered_coroutines([&wanted](const CoroutineKey& key) { return wanted.contains(key); }, true);
        snapshot_.coroutines = std::move(found.list);
    }

    inspect::StackSource source() {
        return {
            [this](const inspect::ThreadFacts& thread) { return unwinder_.unwind(thread); },
            [this](std::uint64_t pc, bool exact) -> const std::vector<Frame>& { return symbolizer_.frames(pc, exact); },
            [this](std::uint64_t pc, bool exact) -> const std::vector<Frame>& {
                return symbolizer_.symbol(pc, exact);
            }};
    }

    void add(const Group& group, Described& described) {
        const GroupShape& shape = report_.shape(group);
        const bool all = matches_shape(group, shape, described);
        std::size_t count = 0;
        for (std::uint32_t at = 0, slot = group.first; at < group.count; ++at, slot = report_.next[slot]) {
            const TaskView task = report_.list.at(slot);
            if (all || matches_task(slot, task, shape, described))
                ignore(task, described.ignored);
            else
                ++count;
        }
        if (count != 0)
            LeakReportBuilder::groups(described.report).push_back(group_of(group, shape, count));
    }

    static bool told(const Pattern& pattern, bool matched, Described& described) {
        if (matched)
            described.matched.insert(line_of(pattern));
        return matched;
    }

    /// A pattern of functions is that of a whole group.
    bool matches_shape(const Group& group, const GroupShape& shape, Described& described) {
        bool any = false;
        each_pattern(
            [&](const Pattern& pattern) { any |= told(pattern, matches_functions(pattern, group, shape), described); });
        return any;
    }

    bool matches_functions(const Pattern& pattern, const Group& group, const GroupShape& shape) {
        const auto is = [&](const Frame& frame) { return matches(pattern.text, frame.function); };
        switch (pattern.kind) {
        case PatternKind::top: {
            const Frame* top = top_of(shape);
            return top != nullptr ? is(*top) : shape.waits_at && matches(pattern.text, shape.waits_at->function);
        }
        case PatternKind::any:
            return std::ranges::any_of(shape.frames, is);
        case PatternKind::created_by:
            return (shape.created_by && matches(pattern.text, shape.created_by->function)) ||
                   is_born_in(report_.list.at(group.first), is);
        default:
            return false;
        }
    }

    /// The file name of the library, or program, whose call made a thread: not the C++ library's for it; "" not known.
    std::string maker_of(const TaskView& task) {
        if (task.thread == nullptr)
            return {};
        for (const std::uint64_t pc : task.thread->birth.pcs) {
            const auto* module = modules_.find(pc).module;
            const std::string file = module == nullptr ? "" : module->path.substr(module->path.rfind('/') + 1);
            if (!file.starts_with("libstdc++.so") && !file.starts_with("libc++.so"))
                return file;
        }
        return {};
    }

    bool matches_task(std::uint32_t slot, const TaskView& task, const GroupShape& shape, Described& described) {
        bool any = false;
        each_pattern([&](const Pattern& pattern) {
            bool matched = false;
            if (pattern.kind == PatternKind::name)
                matched = matches(pattern.text, report_.list.name(slot, shape.frames)) || is_outermost(pattern, task);
            else if (pattern.kind == PatternKind::label)
                if (const auto* label = inspect::label_at(snapshot_, task.label); label != nullptr)
                    matched = matches_label(pattern.text, label->key, label->text);
            if (pattern.kind == PatternKind::library)
                matched = matches(pattern.text, maker_of(task));
            any |= told(pattern, matched, described);
        });
        return any;
    }

    bool is_outermost(const Pattern& pattern, const TaskView& task) const {
        const auto& scopes = inspect::scopes_at(snapshot_, task.scopes);
        return (!scopes.sites.empty() &&
                matches(pattern.text, inspect::site_at(snapshot_, scopes.sites.front()).name)) ||
               (task.thread != nullptr && matches(pattern.text, task.thread->name));
    }

    template <class Visit> void each_pattern(Visit visit) const {
        for (const Pattern& pattern : built_in_patterns())
            visit(pattern);
        for (const Pattern& pattern : options_.patterns)
            visit(pattern);
    }

    template <class Is> bool is_born_in(const TaskView& task, Is is) {
        return task.thread != nullptr && std::ranges::any_of(task.thread->birth.pcs, [&](std::uint64_t pc) {
                   return std::ranges::any_of(symbolizer_.frames(pc, false), is);
               });
    }

    static const Frame* top_of(const GroupShape& shape) {
        const auto left_out = render::plumbing(shape.frames);
        for (std::size_t at = 0; at < shape.frames.size(); ++at)
            if (!left_out[at])
                return &shape.frames[at];
        return nullptr;
    }

    void ignore(const TaskView& task, LeftOver& ignored) const {
        if (task.id != 0)
            ignored.ids.push_back(task.id);
        if (task.tid != 0)
            for (const WatchedThread& thread : left_.threads)
                if (thread.tid == task.tid)
                    ignored.threads.push_back(thread);
        if (const auto* frame = outermost_found(task); frame != nullptr)
            for (const CoroutineKey& key : left_.coroutines)
                if (key.frame == frame->address)
                    ignored.coroutines.push_back(key);
    }

    /// Of a chain of coroutines that nobody registers; else null.
    const inspect::CoroutineFrame* outermost_found(const TaskView& task) const {
        const auto& chains = report_.list.chains();
        return task.id != 0 || task.chain == inspect::CoroutineChains::none
                   ? nullptr
                   : chains.frame(chains.chain(task.chain, true).back());
    }

    LeakGroup group_of(const Group& group, const GroupShape& shape, std::size_t count) {
        LeakGroup leaked;
        const TaskView first = report_.list.at(group.first);
        const bool ended = first.tid >= first_ended_tid;
        leaked.kind = protocol::word(shape.kind);
        leaked.state = ended ? "finished, never joined" : std::string(protocol::word(shape.state));
        if (shape.state == protocol::State::waiting && shape.wait_reason != protocol::WaitReason::none &&
            shape.wait_reason != protocol::WaitReason::unknown)
            leaked.reason = protocol::word(shape.wait_reason);
        leaked.object = shape.wait_name;
        leaked.name = ended ? "" : report_.name(group);
        leaked.count = count;
        leaked.no_frames = ended ? "" : shape.no_stack;
        leaked.created_by = place_of(shape.created_by);
        leaked.waits_at = place_of(shape.waits_at);
        take_frames(shape, leaked);
        take_ages(group, shape, leaked);
        take_labels(group, leaked);
        return leaked;
    }

    static std::optional<LeakPlace> place_of(const std::optional<inspect::CreatedBy>& site) {
        return site ? std::optional{LeakPlace{site->function, site->file, site->line}} : std::nullopt;
    }

    void take_frames(const GroupShape& shape, LeakGroup& leaked) {
        const auto left_out = render::plumbing(shape.frames);
        for (std::size_t at = 0; at < shape.frames.size(); ++at)
            if (!left_out[at])
                leaked.frames.push_back(place_of(shape.frames[at]));
    }

    /// Where a coroutine begins, of one that is suspended on no line.
    LeakPlace place_of(const Frame& frame) const {
        if (frame.file.empty() && frame.suspended && snapshot_.coroutines)
            for (const auto& function : snapshot_.coroutines->functions)
                if (function.function == frame.function && function.module == frame.module)
                    return {frame.function, function.file, function.line};
        return {frame.function, frame.file, frame.line};
    }

    static void take_ages(const Group& group, const GroupShape& shape, LeakGroup& leaked) {
        if (group.age_max == TaskView::unknown_age)
            return;
        leaked.youngest = std::chrono::nanoseconds{group.age_min};
        leaked.oldest = std::chrono::nanoseconds{group.age_max};
        leaked.last_ran = shape.age_is_last_ran;
    }

    void take_labels(const Group& group, LeakGroup& leaked) {
        for (const std::uint32_t index : inspect::GroupLabelling{report_}.of(group, labels_told).oldest)
            if (const auto* label = inspect::label_at(snapshot_, index); label != nullptr)
                leaked.labels.push_back(label->key + "=" + label->text + (label->cut ? "..." : ""));
    }

    const LeftOver& left_;
    const Options& options_;
    inspect::SystemClock clock_;
    inspect::World world_;
    inspect::Snapshot snapshot_;
    inspect::ModuleMap modules_;
    inspect::Unwinder unwinder_;
    inspect::Symbolizer symbolizer_;
    inspect::StackReport report_;
};

} // namespace

Described describe(const LeftOver& left, const Options& options) {
    const UnwatchedMakings own;
    static std::mutex& one_at_a_time = *new std::mutex; // of tests in parallel: memory, and the machine's processors
    const std::lock_guard lock{one_at_a_time};
    return Look{left, options}.describe();
}

} // namespace tasks::leaks
