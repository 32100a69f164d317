#include "commands/counted_coroutines.hpp"

#include <utility>

#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"

namespace tasks::commands {
namespace {

/// Which of them threads run only stacks tell, which are registered only the table does.
std::optional<inspect::Error> capture_again(const inspect::World& world, const Invocation& asked,
                                            inspect::Snapshot& snapshot) {
    inspect::CaptureOptions options;
    options.figures = asked.verb == Verb::vitals;
    options.last_ran = false;
    auto again = capture_target(world, asked, options);
    if (!again) {
        return again.error();
    }
    again->coroutines = std::move(snapshot.coroutines);
    again->incomplete.insert(again->incomplete.end(), snapshot.incomplete.begin(), snapshot.incomplete.end());
    snapshot = *std::move(again);
    return std::nullopt;
}

} // namespace

std::optional<inspect::Error> count_coroutines(const inspect::World& world, const Invocation& asked,
                                               inspect::Snapshot& snapshot) {
    auto sources = name_sources(asked);
    if (snapshot.names || !sources.coroutines) { // a saved one has them, with the threads that run them
        return std::nullopt;
    }
    sources.coroutines->explain = false;
    if (auto error = look_for_coroutines(world, snapshot, sources)) {
        return error;
    }
    if (!snapshot.coroutines || snapshot.coroutines->frames.empty()) {
        return std::nullopt;
    }
    if (snapshot.process.from.kind == inspect::FileKind::none) {
        if (auto error = capture_again(world, asked, snapshot)) {
            return error;
        }
    }
    return look_for_running(world, snapshot);
}

} // namespace tasks::commands
