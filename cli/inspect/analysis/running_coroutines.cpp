#include "analysis/running_coroutines.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace tasks::inspect {

using protocol::State;

namespace {

constexpr auto none = ~std::size_t{0};

class RunningFrames {
public:
    explicit RunningFrames(CoroutineList& list) : list_(list) {
        for (std::size_t at = 0; at < list.functions.size(); ++at) {
            if (list.functions[at].resume_size != 0) {
                by_resume_.push_back(at);
            }
        }
        std::ranges::sort(by_resume_, {}, [&list](std::size_t at) { return list.functions[at].resume; });
    }

    void mark(const ThreadFacts& thread, const Trace& trace) {
        std::vector<CoroutineFrame*> held;
        for (std::size_t at = 0; at < trace.pcs.size(); ++at) {
            const bool exact = at < trace.exact.size() && trace.exact[at];
            const auto function = function_at(trace.pcs[at] - (exact ? 0 : 1));
            if (function == none) {
                continue;
            }
            if (held.empty()) {
                held = frames_named_by(thread);
            }
            take(function, thread.tid, held);
        }
    }

private:
    std::size_t function_at(std::uint64_t pc) const {
        const auto resume = [this](std::size_t at) { return list_.functions[at].resume; };
        const auto after = std::ranges::upper_bound(by_resume_, pc, {}, resume);
        if (after == by_resume_.begin()) {
            return none;
        }
        const auto& function = list_.functions[*(after - 1)];
        return pc - function.resume < function.resume_size ? *(after - 1) : none;
    }

    // In the order in which a thread would meet them: registers, then the stack outwards.
    std::vector<CoroutineFrame*> frames_named_by(const ThreadFacts& thread) {
        std::vector<CoroutineFrame*> held;
        const auto add = [&](std::uint64_t word) {
            const auto found = std::ranges::lower_bound(list_.frames, word, {}, &CoroutineFrame::address);
            if (found != list_.frames.end() && found->address == word && found->state != State::done &&
                std::ranges::find(held, &*found) == held.end()) {
                held.push_back(&*found);
            }
        };
        std::ranges::for_each(thread.registers, add);
        const auto first = (8 - thread.sp % 8) % 8;
        for (auto at = first; at + 8 <= thread.stack.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, thread.stack.data() + at, sizeof word);
            add(word);
        }
        return held;
    }

    void take(std::size_t function, std::uint32_t tid, std::vector<CoroutineFrame*>& held) const {
        const auto fits = [function](const CoroutineFrame* frame) { return frame->function == function; };
        const auto found = std::ranges::find_if(held, fits);
        if (found == held.end()) {
            return;
        }
        auto& frame = **found;
        frame.inferred = frame.inferred || std::ranges::count_if(held, fits) > 1;
        frame.state = State::running;
        frame.tid = tid;
        frame.point = CoroutineFrame::no_point;
        held.erase(found);
    }

    CoroutineList& list_;
    std::vector<std::size_t> by_resume_;
};

} // namespace

void find_running(Snapshot& snapshot, const StackSource& source) {
    if (!snapshot.coroutines || snapshot.coroutines->frames.empty()) {
        return;
    }
    RunningFrames running{*snapshot.coroutines};
    for (const auto& thread : snapshot.threads) {
        if (thread.capture == protocol::Capture::captured || thread.captured_running()) {
            running.mark(thread, source.unwind(thread));
        }
    }
}

} // namespace tasks::inspect
