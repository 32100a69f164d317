#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "agent_fixture.hpp"

using namespace tasks;
using namespace tasks::test;

TEST_CASE("a wait is told with its reason, object, name and since when") {
    const OwnAgent own;
    const Job job{"job"};
    const int channel = 0;
    const Wait wait{wait_reason::chan_send, &channel, "results"};
    const SeenTask seen = own.table().tasks.at(0);
    CHECK(seen.task.state == protocol::State::waiting);
    CHECK(seen.task.wait_reason == protocol::WaitReason::chan_send);
    CHECK(seen.task.wait_object == reinterpret_cast<std::uintptr_t>(&channel));
    CHECK(seen.wait_name == "results");
    CHECK(seen.task.since_ns >= seen.task.started_ns);
}

TEST_CASE("the inner of two waits is told until it ends, then the outer one since its own beginning") {
    const OwnAgent own;
    const Job job{"job"};
    const Wait outer{wait_reason::select, nullptr, "outer"};
    const std::uint64_t since = own.table().tasks.at(0).task.since_ns;
    {
        const Wait inner{wait_reason::mutex, nullptr, "inner"};
        CHECK(own.table().tasks.at(0).wait_name == "inner");
    }
    const SeenTask seen = own.table().tasks.at(0);
    CHECK(seen.wait_name == "outer");
    CHECK(seen.task.wait_reason == protocol::WaitReason::select);
    CHECK(seen.task.since_ns == since);
}

TEST_CASE("after the wait the job runs") {
    const OwnAgent own;
    const Job job{"job"};
    {
        const Wait wait{wait_reason::sleep};
    }
    const SeenTask seen = own.table().tasks.at(0);
    CHECK(seen.task.state == protocol::State::running);
    CHECK(seen.task.wait_reason == protocol::WaitReason::none);
    CHECK(seen.wait_name.empty());
}

TEST_CASE("a thread that waits and carries no job is a waiting thread") {
    const OwnAgent own;
    {
        const Wait wait{wait_reason::nil, nullptr, "never"};
        const auto tasks = own.table().tasks;
        REQUIRE(tasks.size() == 1);
        CHECK(tasks[0].task.kind == protocol::Kind::thread);
        CHECK(tasks[0].task.tid == static_cast<std::uint32_t>(::gettid()));
        CHECK(tasks[0].task.wait_reason == protocol::WaitReason::nil);
    }
    CHECK(own.table().tasks.empty());
}
