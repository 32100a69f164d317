// What a leak check costs: a clean look beside 1,000 live tasks that are not its own, and the words for 100,000 that
// are. Prints "name nanoseconds" lines, the best of several.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/leak_check.hpp>

namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock;

template <class Work> double best_ns(int tries, Work work) {
    double best = 1e18;
    for (int i = 0; i < tries; ++i) {
        const auto begun = Time::now();
        work();
        best = std::min(best, std::chrono::duration<double, std::nano>(Time::now() - begun).count());
    }
    return best;
}

void print(const char* name, double ns) { std::printf("%s %.0f\n", name, ns); }

void clean_look(std::size_t jobs, std::size_t threads) {
    std::mutex mutex;
    std::condition_variable over;
    bool ended = false;
    std::vector<tasks::JobHandle> others;
    std::vector<std::thread> waiting;
    for (std::size_t i = 0; i < jobs; ++i)
        others.emplace_back("other");
    for (std::size_t i = 0; i < threads; ++i)
        waiting.emplace_back([&] {
            std::unique_lock lock{mutex};
            over.wait(lock, [&] { return ended; });
        });
    tasks::LeakCheck check;
    print(threads == 0 ? "clean_jobs" : "clean_threads", best_ns(50, [&] {
              if (!check.find().empty())
                  std::abort();
          }));
    {
        const std::lock_guard lock{mutex};
        ended = true;
    }
    over.notify_all();
    for (std::thread& thread : waiting)
        thread.join();
}

/// Beyond the grace time, which is none here.
void leaked(std::size_t count) {
    tasks::LeakCheck check{tasks::LeakOptions{}.timeout(0ns)};
    std::vector<tasks::JobHandle> left;
    for (std::size_t i = 0; i < count; ++i) {
        left.emplace_back("left");
        if (i % 10'000 == 0)
            std::this_thread::sleep_for(5ms); // the table grows on the agent's thread
    }
    std::size_t found = 0;
    print("leaked", best_ns(5, [&] { found = check.find().tasks(); }));
    std::printf("found %zu\n", found);
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
    const tasks::LeakCheck first; // the agent has its start behind it
    clean_look(1000, 0);
    clean_look(0, 1000);
    leaked(count);
}
