// Which frames of a stack text leaves out: the runtime's own, at both ends. Innermost, what a wait is made of
// (pthread_cond_wait, std::condition_variable::wait, the agent's own); outermost, what started the thread (clone3,
// start_thread, std::__invoke). The thread's std::thread::_State_impl stays: it tells what kind of thread this is.
// Frames in the middle are never left out, nor the only one. Pure function, any thread.
#pragma once

#include <span>
#include <vector>

#include "symbols/frame.hpp"

namespace tasks::render {

/// Per frame: text leaves it out.
std::vector<bool> plumbing(std::span<const inspect::Frame> frames);

} // namespace tasks::render
