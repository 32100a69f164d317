// Registers and stack of threads that run, sampled by the kernel while they go on: a software perf event for each, of
// the processor time that it takes, which ends after one sample. All threads at once; a thread answers as soon as it
// has had a processor for 10 us. Nothing is stopped, no signal is sent, threads that sleep notice nothing. Rings are
// per thread, since only events of one thread or of one processor may share one; where descriptors or locked memory
// (RLIMIT_MEMLOCK, perf_event_mlock_kb) run short, those that are left wait for others to be done.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "capture/file_descriptor.hpp"
#include "capture/running_sample.hpp"

namespace tasks::inspect {

/// Of one process's threads. Owns its events and rings; one thread.
class PerfSamples {
public:
    /// Those of `samples` that are unanswered are asked; they must outlive this. At most 63 KiB of stack each.
    PerfSamples(std::span<RunningSample> samples, std::uint32_t stack_bytes);
    ~PerfSamples();
    PerfSamples(const PerfSamples&) = delete;
    PerfSamples& operator=(const PerfSamples&) = delete;

    /// 0, or the errno with which the kernel refuses such events; nothing is asked then.
    int start();
    /// Waits until one thread has answered, at most so long, and takes in what came. Threads whose outcome the caller
    /// has settled are no longer asked.
    void wait(int most_ms);
    /// No thread is asked any more.
    bool done() const noexcept { return asked_.empty() && next_ == samples_.size(); }

private:
    struct Asked;

    int open_event(std::uint32_t tid);
    int ask(RunningSample& sample);
    int ask_more();
    void take_answer(Asked& asked, bool ended) const;

    std::span<RunningSample> samples_;
    std::size_t next_ = 0; ///< not asked yet, from here on
    std::uint32_t stack_bytes_;
    std::size_t ring_bytes_;
    bool user_code_alone_ = false; ///< samples of the kernel's code are not permitted
    std::vector<Asked> asked_;
};

} // namespace tasks::inspect
