// torture THREADS MICROSECONDS: threads that change the depth of their stacks all the time. Each descends to a random
// depth, leaves a mark in every frame, sleeps up to MICROSECONDS at the bottom (0: only yields) and comes back.
// Prints "ready PID", ends at the end of stdin.
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include <tasks/agent.hpp>

#include "marks.hpp"

namespace {

std::uint64_t random_number(std::uint64_t& seed) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

void rest(std::uint64_t microseconds, std::uint64_t& seed) {
    if (microseconds == 0) {
        ::sched_yield();
        return;
    }
    const timespec time{.tv_sec = 0, .tv_nsec = static_cast<long>(random_number(seed) % (microseconds * 1000))};
    ::nanosleep(&time, nullptr);
}

// Without the address sanitizer, which may keep locals elsewhere than on the stack.
__attribute__((noinline, no_sanitize("address"))) int descend(std::uint64_t descent, std::uint64_t depth,
                                                              std::uint64_t bottom, std::uint64_t microseconds,
                                                              std::uint64_t& seed) {
    volatile targets::Mark mark;
    asm volatile("" : : "r"(&mark) : "memory"); // its address is known: the fields stay together
    mark.begin = targets::mark_begin;
    mark.end = targets::mark_end;
    mark.descent = descent;
    mark.depth = depth;
    mark.bottom = bottom;
    int frames = 1;
    if (depth < bottom)
        frames += descend(descent, depth + 1, bottom, microseconds, seed);
    else
        rest(microseconds, seed);
    mark.begin = 0; // a frame that has gone is no mark any more
    mark.end = 0;
    return frames + static_cast<int>(mark.depth);
}

void work(std::uint64_t number, std::uint64_t microseconds) {
    std::uint64_t seed = 88172645463325252u + number * 7919;
    for (std::uint64_t descent = number << 40;; ++descent)
        descend(descent, 0, 4 + random_number(seed) % 30, microseconds, seed);
}

} // namespace

int main(int argc, char** argv) {
    const tasks::Agent agent{{.name = "torture"}};
    if (argc != 3 || !agent.error().empty()) {
        std::fprintf(stderr, "torture THREADS MICROSECONDS %.*s\n", static_cast<int>(agent.error().size()),
                     agent.error().data());
        return 2;
    }
    const std::uint64_t threads = std::strtoull(argv[1], nullptr, 10);
    const std::uint64_t microseconds = std::strtoull(argv[2], nullptr, 10);
    for (std::uint64_t number = 0; number < threads; ++number)
        std::thread(work, number, microseconds).detach();
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    std::fflush(stdout);
    ::_exit(0);
}
