// spinning THREADS [--churn]: threads that do nothing but run, in a function of a section of its own. With --churn each
// ends after some milliseconds and another one starts. Prints "ready PID BEGIN END", the addresses of the section, then
// answers each line of standard input with the number of signals SIGRTMIN+5 that its threads have handled. Ends with
// its input.
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

#include <tasks/agent.hpp>

extern "C" const char __start_spinning_code[];
extern "C" const char __stop_spinning_code[];

namespace {

std::atomic<std::uint64_t> handled{0};
std::atomic<int> begun{0};

void handle_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { handled.fetch_add(1); };
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGRTMIN + 5, &action, nullptr);
}

__attribute__((noinline, section("spinning_code"), no_sanitize("address", "undefined", "thread"))) void
spin_here(std::uint64_t rounds) {
    begun.fetch_add(1);
    for (std::uint64_t round = 0; round < rounds; ++round)
        asm volatile("" : : : "memory");
}

__attribute__((noinline)) void spin_below(int depth, std::uint64_t rounds) {
    if (depth == 0)
        spin_here(rounds);
    else
        spin_below(depth - 1, rounds);
    asm volatile("" : : : "memory"); // no tail call: each has its frame
}

constexpr int depth = 3;
constexpr std::uint64_t for_ever = ~0ull;
constexpr std::uint64_t some_milliseconds = 10'000'000;

void churn() {
    for (;;)
        std::thread(spin_below, depth, some_milliseconds).join();
}

} // namespace

int main(int argc, char** argv) {
    handle_signals();
    const tasks::Agent agent{{.name = "spinning"}};
    const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
    const bool churning = argc > 2 && std::strcmp(argv[2], "--churn") == 0;
    for (int number = 0; number < threads; ++number) {
        if (churning)
            std::thread(churn).detach();
        else
            std::thread(spin_below, depth, for_ever).detach();
    }
    while (!churning && begun.load() < threads)
        ::usleep(1000); // a thread that has not begun is not here yet, and its stack has no page
    std::printf("ready %d %p %p\n", ::getpid(), static_cast<const void*>(__start_spinning_code),
                static_cast<const void*>(__stop_spinning_code));
    std::fflush(stdout);
    while (std::getchar() != EOF) {
        std::printf("%llu\n", static_cast<unsigned long long>(handled.load()));
        std::fflush(stdout);
    }
    ::_exit(0);
}
