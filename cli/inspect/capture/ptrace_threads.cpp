#include "capture/ptrace_threads.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include "capture/mortal_child.hpp"
#include "capture/thread_holder.hpp"

namespace tasks::inspect {
namespace {

using Outcome = RunningSample::Outcome;

constexpr std::size_t most_shared = 512ull << 20; ///< bytes of stacks; untouched pages cost nothing

/// Until the child ends, which closes its end of the pipe, or the deadline.
void wait_for_end(int pipe, const Deadline& deadline) {
    pollfd ended{pipe, POLLIN, 0};
    while (::poll(&ended, 1, deadline.left_ms()) < 0 && errno == EINTR) {
    }
}

int run_holder(const HolderTask& task, const Deadline& deadline) {
    const auto parent = ::getpid();
    const auto child = start_child([&](int) {
        if (be_mortal(parent, deadline.left_ns())) {
            hold_threads(task);
        }
    });
    if (!child) {
        return child.error();
    }
    wait_for_end(child->pipe.get(), deadline);
    end_child(child->pid);
    return 0;
}

void take(const HeldSlot& slot, const char* stack, std::size_t room, RunningSample& into) {
    into.outcome = slot.outcome.load(std::memory_order_acquire);
    into.error = slot.error;
    into.taken_at_ns = slot.taken_at_ns;
    into.registers = slot.registers;
    if (into.outcome == Outcome::captured) {
        into.stack.assign(stack, std::min<std::size_t>(slot.stack_bytes, room));
        into.stack_cut = into.stack.size() == room;
    }
}

int hold_some(const HoldAsked& asked, std::span<RunningSample* const> samples, const Deadline& deadline) {
    const auto slots_bytes = samples.size() * sizeof(HeldSlot);
    const SharedMemory memory{slots_bytes + samples.size() * asked.stack_bytes};
    if (!memory) {
        return errno;
    }
    auto* first = std::uninitialized_value_construct_n(static_cast<HeldSlot*>(static_cast<void*>(memory.begin())),
                                                       samples.size()) -
                  static_cast<std::ptrdiff_t>(samples.size());
    const std::span slots{first, samples.size()};
    for (std::size_t at = 0; at < slots.size(); ++at) {
        slots[at].tid = samples[at]->tid;
    }
    const auto directory = asked.process_directory + "/task/";
    const auto file = asked.process_directory + "/mem";
    const std::span stacks{memory.begin() + slots_bytes, samples.size() * asked.stack_bytes};
    if (const auto error = run_holder({directory.c_str(), file.c_str(), slots, stacks, asked.stack_bytes}, deadline)) {
        return error;
    }
    for (std::size_t at = 0; at < slots.size(); ++at) {
        take(slots[at], stacks.data() + at * asked.stack_bytes, asked.stack_bytes, *samples[at]);
    }
    return 0;
}

} // namespace

int hold_and_copy(const HoldAsked& asked, std::span<RunningSample> samples, const Deadline& deadline) {
    std::vector<RunningSample*> wanted;
    for (auto& sample : samples) {
        if (sample.outcome == Outcome::unanswered) {
            wanted.push_back(&sample);
        }
    }
    std::ranges::sort(wanted, {}, &RunningSample::tid);
    const auto at_once = std::max<std::size_t>(most_shared / std::max<std::size_t>(asked.stack_bytes, 1), 1);
    std::span<RunningSample* const> left{wanted};
    while (!left.empty() && !deadline.passed()) {
        const auto some = left.first(std::min(left.size(), at_once));
        if (const auto error = hold_some(asked, some, deadline)) {
            return error;
        }
        left = left.subspan(some.size());
    }
    return 0;
}

} // namespace tasks::inspect
