#include "render/plumbing.hpp"

#include <algorithm>

#include "analysis/frame_waits.hpp"
#include "analysis/function_name.hpp"

namespace tasks::render {

namespace {

bool is_wait(const inspect::Frame& frame) {
    if (frame.suspended) {
        return false;
    }
    const auto function = inspect::without_return_type(frame.function);
    return inspect::in_runtime(frame) || function.starts_with("tasks::Wait::");
}

bool is_thread_state(const inspect::Frame& frame) {
    return inspect::without_return_type(frame.function).starts_with("std::thread::_State_impl<");
}

bool is_entry(const inspect::Frame& frame) {
    if (frame.suspended) {
        return false;
    }
    return inspect::in_runtime(frame) || frame.function == "_start" || frame.function == "__libc_start_main" ||
           frame.function == "__libc_start_call_main" || frame.function == "start_thread" ||
           frame.function == "clone" || frame.function == "clone3" || frame.function == "execute_native_thread_routine";
}

} // namespace

std::vector<bool> plumbing(std::span<const inspect::Frame> frames) {
    std::vector<bool> hidden(frames.size());
    const auto own = std::ranges::find_if_not(frames, is_wait);
    if (own == frames.end()) {
        return hidden; // nothing but the runtime: shown, since it is all there is
    }
    const auto first = static_cast<std::size_t>(own - frames.begin());
    std::fill_n(hidden.begin(), first, true);
    for (auto at = frames.size(); at > first + 1 && is_entry(frames[at - 1]); --at) {
        hidden[at - 1] = !is_thread_state(frames[at - 1]);
    }
    return hidden;
}

} // namespace tasks::render
