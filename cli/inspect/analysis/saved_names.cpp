#include "analysis/saved_names.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "analysis/coroutine_chains.hpp"
#include "analysis/distinct_traces.hpp"

namespace tasks::inspect {
namespace {

using Place = SavedNames::Place;

std::pair<std::uint64_t, bool> key_of(const Place& place) { return {place.pc, place.exact}; }

} // namespace

void name_all(const StackSource& source, Snapshot& snapshot) {
    SavedNames names;
    DistinctTraces stacks{names.stacks};
    for (auto& thread : snapshot.threads) {
        thread.ran = thread.captured_running();
        if (thread.capture == protocol::Capture::captured || thread.captured_running()) {
            auto trace = source.unwind(thread);
            trace.exact.resize(trace.pcs.size());
            thread.saved_stack = stacks.number(std::move(trace));
        }
    }
    for (auto& fiber : snapshot.fibers) {
        auto trace = source.unwind(fiber.stack);
        trace.exact.resize(trace.pcs.size());
        fiber.stack.saved_stack = stacks.number(std::move(trace));
    }
    std::set<std::pair<std::uint64_t, bool>> places;
    for (const auto& stack : names.stacks) {
        for (std::size_t at = 0; at < stack.pcs.size(); ++at) {
            places.emplace(stack.pcs[at], stack.exact[at]);
        }
    }
    for (const auto& thread : snapshot.threads) {
        for (const auto pc : thread.birth.pcs) {
            places.emplace(pc, false);
        }
    }
    for (const auto& task : snapshot.tasks) {
        if (const auto* frame = task_frame_of(snapshot, task)) {
            places.emplace(frame->creator_pc, false);
            places.emplace(frame->created_in_pc, false);
        }
    }
    places.erase({0, false}); // not known
    names.places.reserve(places.size());
    for (const auto& [pc, exact] : places) {
        names.places.push_back({pc, exact, source.frames(pc, exact)});
    }
    snapshot.names = std::move(names);
}

StackSource source_of(const SavedNames& names) {
    const auto unnamed = std::make_shared<std::map<std::uint64_t, std::vector<Frame>>>();
    return {[&names](const ThreadFacts& thread) {
                return thread.saved_stack < names.stacks.size() ? names.stacks[thread.saved_stack] : Trace{};
            },
            [&names, unnamed](std::uint64_t pc, bool exact) -> const std::vector<Frame>& {
                const auto found = std::ranges::lower_bound(names.places, std::pair{pc, exact}, {}, key_of);
                if (found != names.places.end() && key_of(*found) == std::pair{pc, exact}) {
                    return found->frames;
                }
                auto& frames = (*unnamed)[pc];
                if (frames.empty()) { // of a damaged file
                    frames.emplace_back().address = pc;
                }
                return frames;
            }};
}

} // namespace tasks::inspect
