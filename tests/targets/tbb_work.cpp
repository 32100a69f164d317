// tbb_work: an arena of oneTBB in which two bodies of a parallel_for wait in a pipe, and five functions that are queued
// in an arena of one thread that is busy. Prints "ready PID" when that is so; at the end of stdin all go on, and it
// prints "ended CALLS".
#include <atomic>
#include <cstdio>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/partitioner.h>

#include <tasks/agent.hpp>
#include <tasks/tbb.hpp>

namespace {

constexpr int bodies = 2;
constexpr int queued = 5;

int gate[2]{-1, -1}; // nobody writes: whoever reads stays until the writing end is closed
std::atomic<int> inside{0};
std::atomic<int> ended{0};

void wait_at_gate() {
    ++inside;
    char byte = 0;
    [[maybe_unused]] const auto got = ::read(gate[0], &byte, 1);
    ++ended;
}

void wait_until_inside(int expected) {
    while (inside < expected)
        std::this_thread::yield();
}

} // namespace

int main() {
    const tasks::Agent agent{{.name = "tbb_work"}};
    if (::pipe2(gate, O_CLOEXEC) != 0)
        return 1;
    const tbb::global_control threads{tbb::global_control::max_allowed_parallelism, 4};
    tbb::task_arena pricing{bodies};
    tbb::task_arena orders{1, 0}; // one worker, and no place for a thread of ours
    const tasks::tbb_observer in_pricing{pricing, "arena pricing"};
    const tasks::tbb_observer in_orders{orders, "arena orders"};
    std::thread user{[&] {
        pricing.execute([] {
            tbb::parallel_for(tbb::blocked_range<int>{0, bodies, 1},
                              tasks::traced_body("price", [](const tbb::blocked_range<int>&) { wait_at_gate(); }),
                              tbb::simple_partitioner{});
        });
    }};
    wait_until_inside(bodies);
    orders.enqueue(tasks::queued_body("place order", wait_at_gate));
    wait_until_inside(bodies + 1);
    for (int at = 0; at < queued; ++at)
        orders.enqueue(tasks::queued_body("place order", wait_at_gate));
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    ::close(gate[1]);
    user.join();
    wait_until_inside(bodies + 1 + queued);
    while (ended < bodies + 1 + queued)
        std::this_thread::yield();
    std::printf("ended %d\n", ended.load());
    std::fflush(stdout); // a leak checker may complain of what oneTBB keeps of an observer, and end the process
}
