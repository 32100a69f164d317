// running_facts PID [--ptrace] [--stack BYTES]: captures the threads of a process from outside, those that run
// included, and prints what came of each, for tests/scripts/running_threads_test.py:
//     thread TID ran|blocked|exited|... BY PC STACK_BYTES
//     incomplete TID REASON
//     took MILLISECONDS          of the threads that run
// With --ptrace without perf events, as where the kernel refuses them.
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "capture/proc_threads.hpp"
#include "capture/running_threads.hpp"

namespace {

const char* word(tasks::inspect::RunningBy by) {
    using tasks::inspect::RunningBy;
    return by == RunningBy::perf_sample ? "perf" : by == RunningBy::ptrace ? "ptrace" : "-";
}

} // namespace

int main(int count, char** words) {
    using namespace tasks;
    using namespace tasks::inspect;
    RunningAsked asked{0, protocol::default_stack_bytes};
    for (int at = 1; at < count; ++at) {
        if (std::strcmp(words[at], "--ptrace") == 0)
            asked.sample = false;
        else if (std::strcmp(words[at], "--stack") == 0 && at + 1 < count)
            asked.stack_bytes = static_cast<std::uint32_t>(std::strtoul(words[++at], nullptr, 10));
        else
            asked.pid = static_cast<std::uint32_t>(std::strtoul(words[at], nullptr, 10));
    }
    const SystemClock clock;
    const auto world = this_machine(clock);
    const Deadline deadline{clock, 2'000'000'000};
    MemoryWatch watch;
    Snapshot snapshot;
    const auto tids = read_threads(world, {asked.pid, 0, true, asked.stack_bytes}, deadline, watch, snapshot);
    const auto before = clock.monotonic_ns();
    capture_running(world, asked, deadline, watch, tids, snapshot.threads, snapshot.incomplete);
    const auto took = clock.monotonic_ns() - before;
    for (const auto& thread : snapshot.threads) {
        const std::string_view what = thread.captured_running()                       ? "ran"
                                      : thread.capture == protocol::Capture::captured ? "blocked"
                                                                                      : protocol::word(thread.capture);
        std::printf("thread %u %.*s %s %#" PRIx64 " %zu\n", thread.tid, static_cast<int>(what.size()), what.data(),
                    word(thread.running_by), thread.pc, thread.stack.size());
    }
    for (const auto& [tid, reason] : snapshot.incomplete)
        std::printf("incomplete %u %s\n", tid, reason.c_str());
    std::printf("took %.1f\n", static_cast<double>(took) / 1e6);
    return snapshot.threads.empty() ? 3 : 0;
}
