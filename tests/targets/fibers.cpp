// fibers [FIBERS]: 1,000 fibers of Boost.Fiber that are suspended in four ways, on a thread that reads stdin. Prints
// "ready PID" when all of them are, at the first line of stdin lets them end and prints "ended" when none is left, and
// ends at the end of stdin.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <unistd.h>

#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>

#include <tasks/agent.hpp>
#include <tasks/fiber.hpp>

namespace {

struct World {
    boost::fibers::mutex taken;
    boost::fibers::mutex mutex;
    boost::fibers::condition_variable condition;
    boost::fibers::buffered_channel<int> results{2};
    bool released = false;
    int ended = 0;
};

[[gnu::noinline]] void wait_in_mutex(World& world) {
    const tasks::fiber_wait wait{tasks::wait_reason::mutex, &world.taken, "taken"};
    const std::lock_guard lock{world.taken};
}

[[gnu::noinline]] void wait_in_condition(World& world) {
    std::unique_lock lock{world.mutex};
    world.condition.wait(lock, [&] { return world.released; });
}

[[gnu::noinline]] void wait_in_channel(World& world) {
    int result = 0;
    world.results.pop(result);
}

[[gnu::noinline]] void wait_for_long(World& world) {
    std::unique_lock lock{world.mutex};
    world.condition.wait_for(lock, std::chrono::hours{1}, [&] { return world.released; });
}

// A frame that needs its frame pointer, and some more below the wait.
[[gnu::noinline]] void descend(World& world, void (*wait)(World&), std::size_t depth) {
    auto* block = static_cast<volatile char*>(__builtin_alloca(16 + depth * 32));
    block[depth] = 1;
    if (depth > 0)
        descend(world, wait, depth - 1);
    else
        wait(world);
    block[depth] = 2;
}

void run(World& world, void (*wait)(World&)) {
    descend(world, wait, 3);
    ++world.ended;
}

void let_go(World& world) {
    world.released = true;
    world.taken.unlock();
    world.condition.notify_all();
    world.results.close();
}

boost::fibers::fiber make(World& world, int way) {
    switch (way) {
    case 0:
        return tasks::make_fiber("in mutex", [&world] { run(world, wait_in_mutex); });
    case 1:
        return boost::fibers::fiber{[&world] { run(world, wait_in_condition); }}; // without a word of ours
    case 2:
        return tasks::make_fiber("in channel", boost::fibers::launch::dispatch,
                                 [&world] { run(world, wait_in_channel); });
    default:
        return tasks::make_fiber("for long", [&world] { run(world, wait_for_long); });
    }
}

} // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 1000;
    const tasks::Agent agent{{.name = "fibers"}};
    boost::fibers::use_scheduling_algorithm<tasks::fiber_scheduler<>>();
    World world;
    world.taken.lock();
    std::vector<boost::fibers::fiber> fibers;
    for (int at = 0; at < count; ++at)
        fibers.push_back(make(world, at % 4));
    boost::this_fiber::yield(); // each runs until it waits
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    for (int byte = 0; byte != '\n' && byte != EOF;)
        byte = std::getchar();
    let_go(world);
    for (auto& fiber : fibers)
        fiber.join();
    fibers.clear();
    boost::this_fiber::sleep_for(std::chrono::milliseconds{1}); // the dispatcher destroys them
    std::printf("ended %d\n", world.ended);
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
}
