// openmp_work: three parallel regions on libomp. One of three threads, with explicit tasks of which three run and wait
// in a pipe, one of them below its creator's taskwait, and the others are queued; one of two, of which one waits in the
// pipe within a critical section and the other for it; one of two, of which one waits in the pipe and the other in the
// barrier. Prints "ready PID" when that is so; at the end of stdin all go on, and it prints "ended WAITS".
#include <atomic>
#include <cstdio>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <tasks/agent.hpp>
#include <tasks/ompt.hpp>

namespace {

constexpr int queued_tasks = 7;

int gate[2]{-1, -1}; // nobody writes: whoever reads stays until the writing end is closed
std::atomic<int> inside{0};
std::atomic<int> ended{0};

void wait_at_gate() {
    ++inside;
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(gate[0], &byte, 1);
    ++ended;
}

void announce_then_open(int expected) {
    while (inside < expected)
        std::this_thread::yield();
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    ::close(gate[1]);
}

void meet_in_critical() {
#pragma omp parallel num_threads(2)
#pragma omp critical
    wait_at_gate();
}

void meet_in_barrier() {
#pragma omp parallel num_threads(2)
    {
#pragma omp single nowait
        wait_at_gate();
#pragma omp barrier
    }
}

} // namespace

int main() {
    const tasks::Agent agent{{.name = "openmp_work"}};
    if (::pipe2(gate, O_CLOEXEC) != 0)
        return 1;
    constexpr int threads = 3;
    std::thread critical{meet_in_critical};
    std::thread barrier{meet_in_barrier};
    std::thread watcher{announce_then_open, threads + 2};
#pragma omp parallel num_threads(threads)
#pragma omp single
    {
        for (int at = 0; at < threads + queued_tasks; ++at) {
#pragma omp task
            wait_at_gate();
        }
#pragma omp taskwait
    }
    critical.join();
    barrier.join();
    watcher.join();
    std::printf("ended %d\n", ended.load());
}
