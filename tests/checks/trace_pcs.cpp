// trace_pcs PID: captures all threads of a process from outside and prints their program counters the way
// `eu-stack -q` does, for tests/scripts/pc_equality_test.py. Options: --time (what unwinding and naming took, after the
// threads), --names (names and lines beside the program counters), --stack BYTES a thread.
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "inspect/unwind/outside_capture.hpp"
#include "symbols/symbolizer.hpp"
#include "unwind/unwinder.hpp"

namespace {

struct Options {
    int pid = 0;
    bool time = false;
    bool names = false;
    std::size_t stack_bytes = 64 << 10;
};

Options parsed(int count, char** words) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word == "--time")
            options.time = true;
        else if (word == "--names")
            options.names = true;
        else if (word == "--stack" && i + 1 < count)
            options.stack_bytes = std::strtoul(words[++i], nullptr, 10);
        else
            options.pid = std::atoi(word.c_str());
    }
    return options;
}

double milliseconds(std::chrono::steady_clock::duration time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

void print_names(tasks::inspect::Symbolizer& names, std::uint64_t pc, bool exact) {
    for (const auto& frame : names.frames(pc, exact))
        std::printf("    %s  %s:%u:%u%s  [%s+0x%" PRIx64 "]\n", frame.function.c_str(), frame.file.c_str(), frame.line,
                    frame.column, frame.inlined ? " (inlined)" : "", frame.module.c_str(), frame.module_offset);
}

} // namespace

int main(int count, char** words) {
    using namespace tasks;
    using Clock = std::chrono::steady_clock;
    const Options options = parsed(count, words);
    std::vector<inspect::ThreadFacts> threads;
    for (const int tid : test::threads_of(options.pid))
        threads.push_back(test::captured(options.pid, tid, options.stack_bytes));
    const auto modules = test::modules_of(options.pid);
    if (threads.empty() || modules.empty()) {
        std::fprintf(stderr, "trace_pcs: process %d: nothing to capture: no such process, or not permitted\n",
                     options.pid);
        return 3;
    }

    const auto started = Clock::now();
    inspect::ModuleMap map{modules, {static_cast<std::uint32_t>(options.pid)}};
    inspect::Unwinder unwinder{map};
    std::vector<inspect::Trace> traces;
    for (const auto& thread : threads)
        traces.push_back(unwinder.unwind(thread));
    const auto unwound = Clock::now();
    inspect::Symbolizer names{map};
    if (options.time)
        for (const auto& trace : traces)
            for (std::size_t i = 0; i < trace.pcs.size(); ++i)
                names.frames(trace.pcs[i], trace.exact[i]);
    const auto named = Clock::now();

    for (std::size_t t = 0; t < threads.size(); ++t) {
        std::printf("TID %u:%s%s\n", threads[t].tid, traces[t].whole ? "" : " ", traces[t].end_reason.c_str());
        for (std::size_t i = 0; i < traces[t].pcs.size(); ++i) {
            std::printf("#%-2zu 0x%016" PRIx64 "\n", i, traces[t].pcs[i]);
            if (options.names)
                print_names(names, traces[t].pcs[i], traces[t].exact[i]);
        }
    }
    if (options.time)
        std::printf("unwind_ms %.3f names_ms %.3f threads %zu\n", milliseconds(unwound - started),
                    milliseconds(named - unwound), threads.size());
    for (const auto& problem : map.problems())
        std::fprintf(stderr, "trace_pcs: %s\n", problem.c_str());
    return 0;
}
