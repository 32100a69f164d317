#include "commands/captured_target.hpp"

#include "capture/capture.hpp"
#include "capture/profile_capture.hpp"
#include "discovery/discovery.hpp"

namespace tasks::commands {
namespace {

Result<inspect::Target, inspect::Error> find(discovery::Discovery& discovery, const Invocation& asked) {
    const auto& text = asked.target;
    if (!text.pid) {
        return discovery.by_name(text.name, asked.verb == Verb::summary);
    }
    return text.start_time_ticks ? discovery.by_instance(*text.pid, *text.start_time_ticks)
                                 : discovery.by_pid(*text.pid);
}

} // namespace

Result<inspect::Snapshot, inspect::Error> capture_target(const inspect::World& world, const Invocation& asked,
                                                         const inspect::CaptureOptions& options) {
    if (!asked.from.empty()) {
        const auto patience = asked.timeout_given ? std::optional{asked.timeout_ns} : std::nullopt;
        return inspect::capture_from_profile(world, asked.from, patience);
    }
    auto discovery = discovery::Discovery::begin(world, asked.timeout_ns);
    if (!discovery) {
        return Failure{discovery.error()};
    }
    const auto target = find(*discovery, asked);
    if (!target) {
        return Failure{target.error()};
    }
    return inspect::capture(world, *target, inspect::with_timeout(options, asked.timeout_ns));
}

} // namespace tasks::commands
