// Deadlocks as text: what `tasks deadlocks` prints, and the banner above the groups of `tasks stack`.
#pragma once

#include <string>

#include "analysis/wait_graph.hpp"
#include "render/colour.hpp"
#include "render/frames_text.hpp"

namespace tasks::render {

/// A block for each finding: what it is, then who waits for what where, a line each. `frames` of those that wait follow
/// on lines of their own where `stacks` is set. "" where there is no finding.
std::string findings_text(const inspect::WaitGraph& waits, const FramesText& frames, Colour colour, bool stacks);

} // namespace tasks::render
