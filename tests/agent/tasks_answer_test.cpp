// The whole agent's tasks, asked for over its socket.
#include <catch2/catch.hpp>

#include <set>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "agent_fixture.hpp"
#include "test_client.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

struct Told {
    std::size_t parts = 0;
    std::size_t tasks = 0;
    std::set<std::uint64_t> ids;
    std::set<std::string> names;
    bool sites_first = true;
    std::uint64_t unreadable = 0;
};

Told ask(TestClient& client) {
    REQUIRE(client.send(protocol::TasksRequest{}));
    Told told;
    std::set<std::uint32_t> sites{0};
    for (const protocol::Frame& part : client.receive_answer()) {
        ++told.parts;
        const auto answer = protocol::read<protocol::TasksAnswer>(part.payload);
        REQUIRE(answer);
        for (const protocol::Site& site : answer->sites) {
            sites.insert(site.id);
            told.names.emplace(site.name);
        }
        for (const protocol::Task& task : answer->tasks) {
            ++told.tasks;
            told.ids.insert(task.id);
            for (std::size_t at = 0; at < task.scope_count; ++at)
                told.sites_first = told.sites_first && sites.count(task.scopes[at]) == 1;
            told.sites_first = told.sites_first && sites.count(task.wait_site) == 1;
        }
        told.unreadable += answer->unreadable;
    }
    return told;
}

} // namespace

TEST_CASE("20,000 jobs are told once each, over several frames, their sites before them") {
    OwnAgent agent;
    REQUIRE(agent.agent().error().empty());
    std::vector<JobHandle> jobs;
    for (int at = 0; at < 20000; ++at) {
        // The table grows on the agent's thread: a job may find no room yet.
        jobs.emplace_back();
        REQUIRE(eventually([&] { return bool(jobs.back() = JobHandle{at % 2 == 0 ? "even" : "odd"}); }));
        jobs.back().waits(wait_reason::chan_send, &jobs, "results");
    }
    TestClient client{agent.directory().only(".sock")};
    REQUIRE(client.connected());
    REQUIRE(client.greet());
    const Told told = ask(client);
    CHECK(told.parts > 1);
    CHECK(told.tasks == told.ids.size());
    CHECK(told.tasks == 20000);
    CHECK(told.sites_first);
    CHECK(told.unreadable == 0);
    CHECK(told.names.count("even") == 1);
    CHECK(told.names.count("odd") == 1);
    CHECK(told.names.count("results") == 1);
}

TEST_CASE("A job that has ended is not told") {
    OwnAgent agent;
    TestClient client{agent.directory().only(".sock")};
    REQUIRE(client.greet());
    {
        const Job job{"short"};
        CHECK(ask(client).tasks == 1);
    }
    CHECK(ask(client).tasks == 0);
}
