#include "analysis/wait_graph.hpp"

#include <algorithm>
#include <functional>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "analysis/analyse.hpp"
#include "analysis/frame_waits.hpp"
#include "analysis/sleepers.hpp"

namespace tasks::inspect {

using protocol::State;
using protocol::WaitReason;

namespace {

template <class Values, class Tid>
auto find_by(const Values& values, std::uint32_t tid, Tid tid_of) -> decltype(values.data()) {
    const auto found = std::ranges::lower_bound(values, tid, {}, tid_of);
    return found != values.end() && std::invoke(tid_of, *found) == tid ? &*found : nullptr;
}

class Maker {
public:
    Maker(const Snapshot& snapshot, const StackSource& source) : snapshot_(snapshot), source_(source), list_(snapshot) {
        for (const auto& thread : snapshot.threads) {
            if (thread.capture != protocol::Capture::exited) {
                threads_.emplace(thread.tid, &thread);
            }
        }
    }

    WaitGraph make(Places places) {
        for (const auto& [tid, thread] : threads_) {
            look_at(*thread);
        }
        std::ranges::sort(graph_.locks, {}, &LockWait::tid);
        add_wait_objects();
        std::ranges::sort(graph_.locks, {}, &LockWait::tid);
        for (const auto& wait : graph_.locks) {
            add_edge(wait);
        }
        std::ranges::sort(graph_.edges, {}, &WaitEdge::waiter_tid);
        const bool asleep = all_asleep(snapshot_, graph_);
        graph_.findings = find_deadlocks(graph_.edges, asleep);
        add_places(places);
        return std::move(graph_);
    }

private:
    void look_at(const ThreadFacts& thread) {
        if (thread.wait.futex_bytes.empty()) {
            return;
        }
        const auto frames = frames_of(thread, Depth::libraries);
        if (const auto lock = lock_of(thread, frames)) {
            graph_.locks.push_back({thread.tid, *lock});
        } else if (const auto tid = joined_by(thread, frames)) {
            graph_.edges.push_back({thread.tid, *tid, std::nullopt, false, thread.wait.steady});
        }
    }

    /// A task whose thread waits in the host's own way, but in a tasks::Wait for a lock that others wait for in the
    /// library's: it waits for the same holder.
    void add_wait_objects() {
        std::unordered_map<std::uint64_t, LockFacts> by_address;
        for (const auto& wait : graph_.locks) {
            by_address.emplace(wait.lock.address, wait.lock);
        }
        const auto known = graph_.locks.size();
        for (const auto& task : snapshot_.tasks) {
            const bool for_lock = task.wait_reason == WaitReason::mutex ||
                                  task.wait_reason == WaitReason::rwlock_read ||
                                  task.wait_reason == WaitReason::rwlock_write;
            const auto lock = by_address.find(task.wait_object);
            if (task.state == State::waiting && for_lock && lock != by_address.end() && threads_.contains(task.tid) &&
                find_by(std::span{graph_.locks}.first(known), task.tid, &LockWait::tid) == nullptr) {
                graph_.locks.push_back({task.tid, lock->second});
            }
        }
    }

    void add_edge(const LockWait& wait) {
        const auto owner = wait.lock.owner_tid;
        const bool there = threads_.contains(owner) || owner == snapshot_.agent_tid ||
                           std::ranges::find(snapshot_.late_tids, owner) != snapshot_.late_tids.end();
        if (owner == 0 || (!there && (wait.lock.shared || !snapshot_.threads_known))) {
            return;
        }
        const bool steady = threads_.at(wait.tid)->wait.steady;
        if (there || steady) {
            graph_.edges.push_back({wait.tid, owner, wait.lock, !there, steady});
        }
    }

    void add_places(Places places) {
        std::unordered_set<std::uint32_t> tids;
        if (places == Places::all) {
            std::ranges::for_each(graph_.edges, [&](const auto& edge) { tids.insert(edge.holder_tid); });
        }
        for (const auto& finding : graph_.findings) {
            for (const auto& edge : finding.edges) {
                tids.insert(edge.waiter_tid);
                tids.insert(edge.holder_tid);
            }
            if (finding.kind == FindingKind::all_asleep) {
                std::ranges::for_each(threads_, [&](const auto& thread) { tids.insert(thread.first); });
            }
        }
        const auto slots = slots_of(tids);
        for (const auto tid : tids) {
            graph_.places.push_back(place_of(tid, slots));
        }
        std::ranges::sort(graph_.places, {}, &WaitPlace::tid);
    }

    std::unordered_map<std::uint32_t, std::uint32_t> slots_of(const std::unordered_set<std::uint32_t>& tids) const {
        std::unordered_map<std::uint32_t, std::uint32_t> slots;
        for (std::uint32_t slot = 0; !tids.empty() && slot < list_.slots(); ++slot) {
            if (list_.is_task(slot)) {
                if (const auto tid = list_.at(slot).tid; tids.contains(tid)) {
                    slots.emplace(tid, slot);
                }
            }
        }
        return slots;
    }

    WaitPlace place_of(std::uint32_t tid, const std::unordered_map<std::uint32_t, std::uint32_t>& slots) const {
        WaitPlace place{.tid = tid, .name = "", .wait_reason = WaitReason::none, .frames = {}};
        if (const auto slot = slots.find(tid); slot != slots.end()) {
            place.name = list_.name(slot->second);
            const auto task = list_.at(slot->second);
            place.wait_reason = task.state == State::waiting ? task.wait_reason : WaitReason::none;
        }
        if (const auto thread = threads_.find(tid); thread != threads_.end()) {
            place.frames = frames_of(*thread->second, Depth::whole);
            if (place.wait_reason == WaitReason::futex) {
                place.wait_reason = wait_of_frames(place.frames).value_or(WaitReason::futex);
            }
        }
        return place;
    }

    enum class Depth {
        whole,    ///< with lines
        libraries ///< up to the first frame that is not the libraries', without lines
    };

    /// Innermost first.
    std::vector<Frame> frames_of(const ThreadFacts& thread, Depth depth) const {
        std::vector<Frame> frames;
        if (thread.capture != protocol::Capture::captured && !thread.captured_running()) {
            return frames;
        }
        const bool whole = depth == Depth::whole;
        const auto trace = source_.unwind(thread);
        for (std::size_t at = 0; at < trace.pcs.size(); ++at) {
            const auto& named = (whole ? source_.frames : source_.symbol)(trace.pcs[at], trace.exact[at]);
            frames.insert(frames.end(), named.begin(), named.end());
            if (!whole && !named.empty() && !in_runtime(named.back())) {
                break;
            }
        }
        return frames;
    }

    const Snapshot& snapshot_;
    const StackSource& source_;
    TaskList list_;
    std::unordered_map<std::uint32_t, const ThreadFacts*> threads_;
    WaitGraph graph_;
};

} // namespace

const WaitEdge* WaitGraph::edge(std::uint32_t waiter_tid) const {
    return find_by(edges, waiter_tid, &WaitEdge::waiter_tid);
}

const LockWait* WaitGraph::lock(std::uint32_t waiter_tid) const { return find_by(locks, waiter_tid, &LockWait::tid); }

const WaitPlace* WaitGraph::place(std::uint32_t tid) const { return find_by(places, tid, &WaitPlace::tid); }

WaitGraph analyse_waits(const Snapshot& snapshot, const StackSource& source, Places places) {
    return Maker{snapshot, source}.make(places);
}

} // namespace tasks::inspect
