#include "agent_share.hpp"

#include <atomic>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/queue_probe.hpp>

#include "agent_fixture.hpp"
#include "test_client.hpp"

using namespace tasks;
using namespace tasks::test;

TEST_CASE("the host goes on when the agent's thread hangs in a function of the host's") {
    OwnDirectory directory;
    const int status = in_child([&] {
        std::latch asked{1};
        std::latch end{1};
        const QueueProbe probe{"stuck", [&] {
                                   asked.count_down();
                                   end.wait();
                                   return 0;
                               }};
        auto agent = std::make_unique<Agent>(AgentOptions{.directory = directory.path()});
        TestClient client{directory.only(protocol::socket_suffix)};
        if (!client.greet() || !client.send(protocol::VitalsRequest{}))
            return 1;
        asked.wait();
        agent.reset(); // would wait for ever
        const bool clean = directory.files().empty();
        end.count_down();
        return clean ? 0 : 2;
    });
    CHECK(status == 0);
}

TEST_CASE("whoever joins is told what part of the agent does not work") {
    OwnDirectory directory;
    std::string problem;
    const std::uint64_t first = agent::take_share({.directory = directory.path(), .capture_signal = SIGKILL}, problem);
    REQUIRE(first != 0);
    CHECK_THAT(problem, Catch::Contains("capture_signal 9"));
    std::string again;
    const std::uint64_t second = agent::take_share({}, again);
    CHECK(second == first);
    CHECK(again == problem);
    agent::give_share(second);
    CHECK(directory.files().size() == 2);
    agent::give_share(first);
    CHECK(directory.files().empty());
    agent::give_share(first); // once too often: nothing
}

TEST_CASE("threads that join and leave while others fork hinder neither") {
    const OwnAgent own;
    std::atomic<bool> end{false};
    std::vector<std::thread> threads;
    for (int at = 0; at < 2; ++at)
        threads.emplace_back([&end] {
            while (!end) {
                const Agent joined;
                const Job job{"of the parent"};
            }
        });
    int wrong = 0;
    for (int at = 0; at < 20; ++at)
        wrong += in_child([] { return count() == 1 ? 0 : 1; });
    end = true;
    for (std::thread& thread : threads)
        thread.join();
    CHECK(wrong == 0);
    CHECK(own.directory().files().size() == 2);
}
