#include <unistd.h>

#include <latch>
#include <string>
#include <thread>
#include <vector>

#include <tasks/job.hpp>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

TEST_CASE("the count is that of the threads, with and without an agent, whose own thread does not count") {
    const std::size_t base = threads_at_rest();
    CHECK(count() == base);
    const OwnAgent own;
    CHECK(count() == base);
    CHECK(own_threads() == base + 1);
}

TEST_CASE("threads count, one that carries jobs counts once, a handle counts one") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    std::latch begun{3};
    std::latch end{1};
    std::thread plain{[&] {
        begun.count_down();
        end.wait();
    }};
    std::thread carrier{[&] {
        const Job outer{"outer"};
        const Job inner{"inner"};
        begun.count_down();
        end.wait();
    }};
    begun.arrive_and_wait();
    CHECK(count() == base + 2);
    {
        const JobHandle handle{"queued"};
        CHECK(count() == base + 3);
    }
    CHECK(count() == base + 2);
    end.count_down();
    plain.join();
    carrier.join();
}

TEST_CASE("a joined thread that used the agent is not counted, however soon one asks") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own;
    for (int i = 0; i < 500; ++i) {
        std::thread([] { const Job job{"short"}; }).join();
        REQUIRE(count() == base);
    }
}
