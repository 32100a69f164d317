// bench_start: how long this process waited for its agent to start. Prints a "KEY VALUE" line for measure.py.
#include <time.h>

#include <cstdio>

#include <tasks/agent.hpp>

namespace {

double now_us() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

} // namespace

int main() {
    const auto begin = now_us();
    const tasks::Agent agent{{.name = "bench_start"}};
    std::printf("start_us %.1f\n", now_us() - begin);
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%s\n", agent.error().data());
        return 1;
    }
    return 0;
}
