#include "capture/fiber_capture.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "capture/fiber_stacks.hpp"

namespace tasks::inspect {
namespace {

/// Of fibers that no thread runs and that have not ended.
std::vector<std::uint64_t> frames_of(const Snapshot& snapshot) {
    std::vector<std::uint64_t> frames;
    for (const auto& task : snapshot.tasks) {
        if (task.kind != protocol::Kind::fiber || task.tid != 0 || task.state == protocol::State::done ||
            task.frame >= snapshot.task_frames.size() || snapshot.task_frames[task.frame].frame == 0) {
            continue;
        }
        frames.push_back(snapshot.task_frames[task.frame].frame);
    }
    return frames;
}

void tell(std::uint64_t fibers, const char* reason, Snapshot& into) {
    if (fibers > 0) {
        into.incomplete.push_back(
            {0, std::to_string(fibers) +
                    (fibers == 1 ? " fiber has no stack here: " : " fibers have no stacks here: ") + reason});
    }
}

void take(FiberStacksRead read, Snapshot& into) {
    tell(read.changing, "each look met other bytes, as they went on", into);
    tell(read.unreadable, "where they lie could not be read, or is told in a way that this version does not know",
         into);
    tell(read.left_out, "the deadline came before", into);
    tell(read.beyond_limit, "those of the others take 256 MiB, and no more are read", into);
    into.fibers = std::move(read.stacks);
}

} // namespace

void capture_fibers(std::uint32_t pid, std::uint32_t stack_bytes, const Deadline& deadline, MemoryWatch& watch,
                    Snapshot& into) {
    const auto frames = stack_bytes == 0 ? std::vector<std::uint64_t>() : frames_of(into);
    if (frames.empty()) {
        return;
    }
    const auto read = std::make_shared<FiberStacksRead>(); // a look that hangs goes on to refer to it
    const bool came = watch.run([read, frames, pid, stack_bytes, deadline] {
        *read = read_fiber_stacks(LiveMemory{pid}, frames, {stack_bytes, [&deadline] { return deadline.passed(); }});
    });
    if (came) {
        take(std::move(*read), into);
    }
}

void capture_fibers(const ProcessMemory& memory, Snapshot& into) {
    if (auto frames = frames_of(into); !frames.empty()) {
        take(read_fiber_stacks(memory, std::move(frames), {protocol::max_stack_bytes, {}}), into);
    }
}

} // namespace tasks::inspect
