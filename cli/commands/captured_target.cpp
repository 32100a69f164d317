#include "commands/captured_target.hpp"

#include "capture/capture.hpp"
#include "capture/profile_capture.hpp"
#include "discovery/discovery.hpp"

namespace tasks::commands {
namespace {

Result<inspect::Target, inspect::Error> find(discovery::Discovery& discovery, const TargetText& text) {
    if (!text.pid) {
        return discovery.by_name(text.name);
    }
    return text.start_time_ticks ? discovery.by_instance(*text.pid, *text.start_time_ticks)
                                 : discovery.by_pid(*text.pid);
}

} // namespace

Result<inspect::Snapshot, inspect::Error> capture_target(const inspect::World& world, const Invocation& asked,
                                                         const inspect::CaptureOptions& options) {
    if (!asked.from.empty()) {
        return inspect::capture_from_profile(world, asked.from);
    }
    auto discovery = discovery::Discovery::begin(world, asked.timeout_ns);
    if (!discovery) {
        return Failure{discovery.error()};
    }
    const auto target = find(*discovery, asked.target);
    if (!target) {
        return Failure{target.error()};
    }
    return inspect::capture(world, *target, inspect::with_timeout(options, asked.timeout_ns));
}

} // namespace tasks::commands
