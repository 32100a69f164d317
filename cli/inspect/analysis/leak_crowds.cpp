#include "analysis/leak_crowds.hpp"

#include <algorithm>
#include <bit>

#include "analysis/frame_waits.hpp"

namespace tasks::inspect {

using protocol::Kind;
using protocol::State;
using protocol::WaitReason;

namespace {

constexpr std::size_t worth_room = 1024;
constexpr auto of_frame = std::uint64_t{1} << 63; ///< no address of user space has it

void add_place(const std::string& function, const std::string& file, std::uint32_t line, std::string& key) {
    key.append(function).append("@").append(file).append(":").append(std::to_string(line)).append("|");
}

/// Where the thread begins: the outermost frame that is not the runtime's.
std::string entry_of(const std::vector<Frame>& frames) {
    const auto own = std::find_if(frames.rbegin(), frames.rend(), [](const Frame& one) { return !in_runtime(one); });
    return own == frames.rend() ? "" : own->function;
}

/// Equal in two looks for those at one place. Of who does not wait, where it is changes all the time: there the place
/// that started it counts.
std::string crowd_key(const GroupShape& shape) {
    std::string key = std::string(protocol::word(shape.kind)) + "|";
    if (shape.created_by) {
        add_place(shape.created_by->function, shape.created_by->file, shape.created_by->line, key);
    }
    if (shape.state != State::waiting && shape.state != State::done) {
        return key + (shape.kind == Kind::coroutine || !shape.created_by ? entry_of(shape.frames) : "");
    }
    key.append(protocol::word(shape.state)).append(protocol::word(shape.wait_reason)).append(shape.wait_name);
    for (const auto& frame : shape.frames) {
        add_place(frame.function, frame.file, frame.line, key);
    }
    if (shape.waits_at) {
        add_place(shape.waits_at->function, shape.waits_at->file, shape.waits_at->line, key);
    }
    return key;
}

std::string stack_of(const std::vector<Frame>& frames) {
    std::string text;
    bool innermost = true;
    for (const auto& frame : frames) {
        if (!frame.inlined) {
            text.append(frame.function.empty() ? frame.module : frame.function);
            text.append(innermost ? "" : ":" + std::to_string(frame.line)).append("|");
            innermost = false;
        }
    }
    return text;
}

/// That it ended such a wait tells only its thread: the host may hold one tasks::Wait around many.
bool may_wake_meanwhile(WaitReason reason) {
    return reason == WaitReason::sleep || reason == WaitReason::timer || reason == WaitReason::poll;
}

class Looker {
public:
    Looker(const StackReport& report, bool again)
        : report_(report), snapshot_(report.list.snapshot()), again_(again),
          stack_bytes_(snapshot_.vitals.stack_bytes && snapshot_.vitals.os_threads.value_or(0) != 0
                           ? std::optional{*snapshot_.vitals.stack_bytes / *snapshot_.vitals.os_threads}
                           : std::nullopt) {}

    LeakLook take() {
        look_.at_ns = snapshot_.taken_at_ns;
        look_.at_work = snapshot_.coroutines ? snapshot_.coroutines->at_work : std::vector<std::uint64_t>{};
        std::ranges::sort(look_.at_work);
        for (std::uint32_t group = 0; group < report_.groups.size(); ++group) {
            add(group);
        }
        for (auto& [key, crowd] : look_.crowds) {
            for (auto* times : {&crowd.born_ns, &crowd.waited_ns}) {
                if (!std::ranges::is_sorted(*times)) {
                    std::ranges::sort(*times);
                }
            }
            std::ranges::sort(crowd.members);
            std::ranges::sort(crowd.marks);
        }
        return std::move(look_);
    }

private:
    void add(std::uint32_t index) {
        const auto& group = report_.groups[index];
        const auto& shape = report_.shape(group);
        auto& crowd = look_.crowds[crowd_key(shape)];
        if (crowd.groups.empty()) {
            crowd.kind = shape.kind;
            crowd.state = shape.state;
            crowd.wait_reason = shape.wait_reason;
            crowd.registered = true;
        }
        crowd.groups.push_back(index);
        crowd.count += group.count;
        for (auto* times : {&crowd.born_ns, &crowd.waited_ns}) {
            if (times->capacity() < crowd.count && group.count >= worth_room) { // else it is moved again and again
                times->reserve(crowd.count);
            }
        }
        for (auto slot = group.first, left = group.count; left > 0; --left, slot = report_.next[slot]) {
            add(slot, shape, crowd);
        }
    }

    void add(std::uint32_t slot, const GroupShape& shape, Crowd& crowd) {
        const auto task = report_.list.at(slot);
        const auto born = born_ns(slot, task);
        const bool exact = task.age != TaskView::unknown_age && !task.from_thread;
        crowd.registered = crowd.registered && slot < snapshot_.tasks.size();
        if (born != 0) {
            crowd.born_ns.push_back(born);
        }
        if (exact && (task.state == State::waiting || task.state == State::done)) {
            crowd.waited_ns.push_back(task.age);
        }
        crowd.restless += born != 0 && exact && is_restless(task, born) ? 1u : 0u;
        take_unheld(task, crowd);
        take_site(task, crowd);
        take_memory(slot, task, crowd);
        if (again_) {
            crowd.members.push_back(identity(slot, task));
            if (const auto mark = is_exact(crowd.members.back()) ? 0 : mark_of(task)) {
                crowd.marks.emplace_back(crowd.members.back(), mark);
            }
            take_sight(task, shape);
        }
    }

    std::uint64_t born_ns(std::uint32_t slot, const TaskView& task) const {
        if (snapshot_.past && slot < snapshot_.past->started_ns.size() && snapshot_.past->started_ns[slot] != 0) {
            return snapshot_.past->started_ns[slot];
        }
        const auto* thread = task.kind == Kind::thread ? task.thread : nullptr;
        if (thread == nullptr) {
            return 0;
        }
        return thread->birth.born_ns != 0 ? thread->birth.born_ns : thread->times ? thread->times->born_ns : 0;
    }

    bool is_restless(const TaskView& task, std::uint64_t born) const {
        auto still = task.state == State::waiting || task.state == State::done ? task.age : 0;
        if (task.thread != nullptr && may_wake_meanwhile(task.wait_reason)) {
            still = std::min(still, task.thread->last_ran_ago_ns.value_or(still));
        }
        return snapshot_.taken_at_ns > born && still < (snapshot_.taken_at_ns - born) / 2;
    }

    void take_unheld(const TaskView& task, Crowd& crowd) const {
        if (!snapshot_.past || task.state != State::waiting || task.wait_object == 0 ||
            task.age == TaskView::unknown_age) {
            return;
        }
        const auto found =
            std::ranges::lower_bound(snapshot_.past->unheld, task.wait_object, {}, &UnheldObject::address);
        if (found != snapshot_.past->unheld.end() && found->address == task.wait_object) {
            const auto unheld = snapshot_.taken_at_ns - std::min(snapshot_.taken_at_ns, found->since_ns);
            crowd.unheld_ns.push_back(std::min(unheld, task.age));
        }
    }

    void take_site(const TaskView& task, Crowd& crowd) const {
        if (crowd.site || !snapshot_.past) {
            return;
        }
        const auto& sites = scopes_at(snapshot_, task.scopes).sites;
        const auto index = sites.empty() ? 0 : sites.front();
        if (index != 0 && index < snapshot_.past->sites.size()) {
            crowd.site = snapshot_.past->sites[index];
        }
    }

    /// A thread's share of the stacks that are in memory, which only an agent tells; else what of its own was copied.
    void take_memory(std::uint32_t slot, const TaskView& task, Crowd& crowd) const {
        std::uint64_t bytes = slot < snapshot_.tasks.size() ? protocol::record_bytes : 0;
        bytes += task.thread != nullptr ? stack_bytes_.value_or(task.thread->stack.size()) : 0;
        if (task.chain != CoroutineChains::none && task.thread == nullptr) {
            for (const auto coroutine : report_.list.chains().chain(task.chain, true)) {
                const auto* frame = report_.list.chains().frame(coroutine);
                bytes += frame == nullptr ? 0 : frame->size;
            }
        }
        if (bytes != 0) {
            crowd.held_bytes = crowd.held_bytes.value_or(0) + bytes;
        }
    }

    TaskIdentity identity(std::uint32_t slot, const TaskView& task) const {
        if (slot < snapshot_.tasks.size()) {
            return registered_identity(task.id);
        }
        if (task.kind == Kind::thread && task.thread != nullptr) {
            return thread_identity(task.tid, task.thread->times ? task.thread->times->start_ticks : 0);
        }
        if (task.chain == CoroutineChains::none) {
            return frame_identity(0, 0);
        }
        const auto& chains = report_.list.chains();
        const auto outermost = chains.chain(task.chain, true).back();
        const auto* frame = chains.frame(outermost);
        const auto* function = chains.function(outermost);
        return frame_identity(function == nullptr ? 0 : function->resume, frame == nullptr ? 0 : frame->address);
    }

    /// 0: it has a frame whose bytes are not known.
    std::uint64_t mark_of(const TaskView& task) const {
        std::uint64_t all = 0;
        if (task.chain == CoroutineChains::none) {
            return 0;
        }
        for (const auto coroutine : report_.list.chains().chain(task.chain, true)) {
            const auto* frame = report_.list.chains().frame(coroutine);
            if (frame == nullptr || frame->mark == 0) {
                return 0;
            }
            all = std::rotl(all, 1) ^ frame->mark;
        }
        return all;
    }

    void take_sight(const TaskView& task, const GroupShape& shape) {
        if (task.thread != nullptr && task.thread->times) {
            look_.threads[task.tid] = {*task.thread->times, stack_of(shape.frames)};
        }
    }

    const StackReport& report_;
    const Snapshot& snapshot_;
    bool again_;
    std::optional<std::uint64_t> stack_bytes_;
    LeakLook look_;
};

} // namespace

TaskIdentity registered_identity(std::uint64_t id) { return {0, id}; }

TaskIdentity thread_identity(std::uint32_t tid, std::uint64_t start_ticks) { return {tid, start_ticks}; }

TaskIdentity frame_identity(std::uint64_t resume, std::uint64_t address) { return {of_frame | resume, address}; }

bool is_exact(const TaskIdentity& task) { return (task.first & of_frame) == 0; }

std::uint32_t tid_of(const TaskIdentity& task) { return is_exact(task) ? static_cast<std::uint32_t>(task.first) : 0; }

LeakLook look_at(const StackReport& report, bool again) { return Looker{report, again}.take(); }

} // namespace tasks::inspect
