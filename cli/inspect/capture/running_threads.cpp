#include "capture/running_threads.hpp"

#include <algorithm>
#include <string>

#include "capture/perf_samples.hpp"
#include "capture/proc_stat.hpp"
#include "capture/proc_threads.hpp"
#include "capture/ptrace_threads.hpp"
#include "capture/running_refusal.hpp"
#include "capture/running_sample.hpp"

namespace tasks::inspect {
namespace {

using protocol::Capture;
using Outcome = RunningSample::Outcome;

constexpr std::uint64_t most_ns = 450'000'000; ///< 64 spinning threads on two cores have their turn in 150 ms
constexpr int most_rounds = 5;                 ///< for threads that sleep and run by turns
constexpr int between_looks_ms = 20;           ///< at threads that may have blocked instead of running on

class RunningCapture {
public:
    RunningCapture(const World& world, const RunningAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                   std::span<const std::uint32_t> tids, std::span<ThreadFacts> threads)
        : world_(world), asked_(asked), deadline_(*world.clock, std::min(most_ns, deadline.left_ns())), watch_(watch),
          tids_(tids), threads_(threads) {}

    void run(std::vector<Incomplete>& incomplete) {
        choose();
        if (samples_.empty()) {
            return;
        }
        if (!asked_.touch) {
            incomplete.push_back({0, "threads that run were left alone, as --no-touch asks"});
            return;
        }
        by_ = RunningBy::perf_sample;
        RunningRefusal refusal;
        refusal.perf = asked_.sample ? sample() : 0;
        if (!asked_.sample || refusal.perf != 0) {
            by_ = RunningBy::ptrace;
            refusal.ptrace = hold();
        }
        look_again();
        tell(incomplete);
        if (refusal.ptrace != 0) {
            incomplete.push_back({0, sentence_of(world_, asked_.pid, refusal)});
        }
    }

private:
    void choose() {
        const auto count = std::min(tids_.size(), threads_.size());
        for (std::size_t index = 0; index < count; ++index) {
            if (is_wanted(threads_[index].capture, tids_[index])) {
                samples_.emplace_back().tid = tids_[index];
                indexes_.push_back(index);
            }
        }
    }

    bool is_wanted(Capture capture, std::uint32_t tid) const {
        if (capture != Capture::not_permitted) {
            return capture == Capture::running || capture == Capture::changing;
        }
        const auto stat = world_.proc.read(std::to_string(asked_.pid) + "/task/" + std::to_string(tid) + "/stat");
        const auto facts = stat ? parse_stat(*stat) : std::nullopt;
        return facts && facts->state == 'R';
    }

    /// 0, or the errno with which the kernel refuses perf events.
    int sample() {
        PerfSamples perf{samples_, asked_.stack_bytes};
        if (const auto error = perf.start()) {
            return error;
        }
        Deadline look{*world_.clock, between_looks_ms * 1'000'000};
        while (!perf.done() && !deadline_.passed()) {
            perf.wait(std::min(look.left_ms(), deadline_.left_ms()));
            if (look.passed()) {
                look_again();
                look = {*world_.clock, between_looks_ms * 1'000'000};
            }
        }
        return 0;
    }

    /// 0, or the errno with which the kernel refuses ptrace.
    int hold() {
        const HoldAsked hold{world_.proc.path(std::to_string(asked_.pid)), asked_.stack_bytes};
        for (int round = 0; round < most_rounds && is_any(Outcome::unanswered) && !deadline_.passed(); ++round) {
            if (const auto error = hold_and_copy(hold, samples_, deadline_)) {
                return error;
            }
            look_again();
        }
        const auto refused = std::ranges::find(samples_, Outcome::refused, &RunningSample::outcome);
        return refused == samples_.end() ? 0 : refused->error;
    }

    bool is_any(Outcome outcome) const {
        return std::ranges::find(samples_, outcome, &RunningSample::outcome) != samples_.end();
    }

    /// At those that did not answer: a thread that sleeps by now is captured as blocked. One that slept and runs again
    /// can be asked again. One watched look for all: a new thread may wait 100 ms for its turn beside those that run.
    void look_again() {
        watch_.run([this] {
            for (std::size_t at = 0; at < samples_.size(); ++at) {
                if (samples_[at].outcome == Outcome::unanswered || samples_[at].outcome == Outcome::blocked) {
                    look_again_at(samples_[at], threads_[indexes_[at]]);
                }
            }
        });
    }

    void look_again_at(RunningSample& sample, ThreadFacts& thread) const {
        auto now = read_thread(world_, {asked_.pid, 0, true, asked_.stack_bytes, true}, sample.tid);
        sample.outcome = now.capture == Capture::captured ? Outcome::settled
                         : now.capture == Capture::exited ? Outcome::ended
                                                          : Outcome::unanswered;
        if (sample.outcome == Outcome::settled) {
            now.tid = thread.tid;
            thread = std::move(now);
        }
    }

    void tell(std::vector<Incomplete>& incomplete) {
        for (std::size_t at = 0; at < samples_.size(); ++at) {
            auto& thread = threads_[indexes_[at]];
            switch (samples_[at].outcome) {
            case Outcome::captured:
                take(samples_[at], thread);
                break;
            case Outcome::ended:
                thread.capture = Capture::exited;
                break;
            case Outcome::unanswered:
                incomplete.push_back({thread.tid, "it runs, but had no turn on a processor or did not leave the "
                                                  "kernel in time; a longer --timeout may help"});
                break;
            case Outcome::foreign:
                incomplete.push_back({thread.tid, "it runs 32-bit code, which is not understood"});
                break;
            case Outcome::blocked: // none is left after the last look
            case Outcome::settled:
            case Outcome::refused: // told once for all
                break;
            }
        }
    }

    void take(RunningSample& sample, ThreadFacts& thread) const {
        thread.capture = Capture::captured;
        thread.running_by = by_;
        thread.syscall = -1;
        thread.arguments = {};
        thread.registers.assign(sample.registers.begin(), sample.registers.end());
        thread.sp = sample.registers[running_sp];
        thread.pc = sample.registers[running_pc];
        thread.stack = std::move(sample.stack);
        thread.stack_cut = sample.stack_cut;
        thread.taken_at_ns = sample.taken_at_ns;
        thread.last_ran_ago_ns.reset();
        thread.wait_channel.clear();
        thread.wait = {};
    }

    const World& world_;
    const RunningAsked& asked_;
    Deadline deadline_;
    MemoryWatch& watch_;
    std::span<const std::uint32_t> tids_;
    std::span<ThreadFacts> threads_;
    std::vector<RunningSample> samples_;
    std::vector<std::size_t> indexes_; ///< of threads_, for each sample
    RunningBy by_ = RunningBy::none;
};

} // namespace

void capture_running(const World& world, const RunningAsked& asked, const Deadline& deadline, MemoryWatch& watch,
                     std::span<const std::uint32_t> tids, std::span<ThreadFacts> threads,
                     std::vector<Incomplete>& incomplete) {
    RunningCapture{world, asked, deadline, watch, tids, threads}.run(incomplete);
}

} // namespace tasks::inspect
