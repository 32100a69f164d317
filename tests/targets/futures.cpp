// futures: std::async, std::future and std::jthread through tasks/future.hpp: three calls that run, one deferred that
// nobody asks for, four threads that wait for one promise, one that joins. Prints "ready PID" when all stand still;
// at the end of stdin all go on, and it prints "ended SUM".
#include <array>
#include <atomic>
#include <cstdio>
#include <future>
#include <thread>
#include <vector>

#include <unistd.h>

#include <tasks/agent.hpp>
#include <tasks/future.hpp>

#include "settle.hpp"

namespace {

struct Arrivals {
    std::array<std::atomic<int>, 8> tids{};
    std::atomic<std::size_t> count{0};

    void here() { tids.at(count++) = targets::thread_id(); }
    std::vector<int> all() const {
        while (count < tids.size())
            std::this_thread::yield();
        return {tids.begin(), tids.end()};
    }
};

int query(Arrivals& arrivals, const std::shared_future<int>& answer) {
    arrivals.here();
    return tasks::get(answer);
}

void join(Arrivals& arrivals, tasks::jthread& thread) {
    arrivals.here();
    thread.join();
}

} // namespace

int main() {
    const tasks::Agent agent{{.name = "futures"}};
    Arrivals arrivals;
    std::promise<int> promise;
    const std::shared_future<int> answer = promise.get_future().share();
    std::vector<std::future<int>> results;
    for (int at = 0; at < 3; ++at)
        results.push_back(tasks::async("query backend", std::launch::async, query, std::ref(arrivals), answer));
    results.push_back(tasks::async("nobody asks", std::launch::deferred, [] { return 1; }));
    std::vector<tasks::jthread> waiters;
    for (int at = 0; at < 3; ++at)
        waiters.push_back(tasks::jthread{"wait for answer", [&](const std::stop_token&) { query(arrivals, answer); }});
    tasks::jthread last{"wait for answer", [&] { query(arrivals, answer); }};
    tasks::jthread joiner{"join last", join, std::ref(arrivals), std::ref(last)};
    targets::wait_until_blocked(arrivals.all());
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    promise.set_value(5);
    joiner.join();
    int sum = 0;
    for (auto& result : results)
        sum += tasks::get(result);
    std::printf("ended %d\n", sum);
}
