// The verbs. Each walks the one road: find the target, capture, analyse, render. Returns what went wrong, or nothing;
// prints through the sink alone.
#pragma once

#include <optional>

#include "capture/world.hpp"
#include "commands/invocation.hpp"
#include "render/render.hpp"

namespace tasks::commands {

using Outcome = std::optional<inspect::Error>;

struct Output {
    render::Sink& sink;
    render::Sink& errors; ///< for what qualifies an answer that is one number
    bool colour = false;
    bool& finding; ///< set: what was printed is a finding, exit status 1
};

Outcome list_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome tree_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome vitals_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome count_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome stack_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome deadlocks_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome leaks_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome doctor_verb(const inspect::World& world, const Invocation& asked, const Output& output);
Outcome summary_verb(const inspect::World& world, const Invocation& asked, const Output& output);
/// Does not return where all goes well: the process is another program then.
Outcome run_verb(const inspect::World& world, const Invocation& asked);
Outcome version_verb(const Invocation& asked, const Output& output);
Outcome targets_verb(const inspect::World& world, const Output& output);

} // namespace tasks::commands
