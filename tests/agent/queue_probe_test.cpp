// Queues that the host lets us look at, asked for through the socket as a client does.
#include <tasks/queue_probe.hpp>

#include <atomic>
#include <deque>
#include <latch>
#include <memory>
#include <optional>
#include <thread>

#include "agent_fixture.hpp"
#include "test_client.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

using Queues = std::vector<std::pair<std::string, std::uint64_t>>;

struct Seen {
    Queues queues;
    std::uint32_t left_out = 0;
};

Seen ask(TestClient& client) {
    REQUIRE(client.send(protocol::VitalsRequest{}));
    const auto frame = client.receive();
    REQUIRE(frame);
    const auto vitals = protocol::read<protocol::VitalsAnswer>(frame->payload);
    REQUIRE(vitals);
    Seen seen;
    for (std::uint32_t i = 0; i < vitals->queue_count; ++i)
        seen.queues.emplace_back(vitals->queues[i].name, vitals->queues[i].depth);
    seen.left_out = vitals->queues_left_out;
    return seen;
}

Seen ask(const OwnAgent& own) {
    TestClient client{own.directory().only(protocol::socket_suffix)};
    REQUIRE(client.connected());
    REQUIRE(client.greet());
    return ask(client);
}

struct DepthOf {
    const std::atomic<std::uint64_t>* depth;
    std::uint64_t operator()() const noexcept { return *depth; }
};
using Probe = QueueProbe<DepthOf>;

/// Does not come back before it may.
struct Slow {
    std::latch called{1};
    std::latch go_on{1};
    std::atomic<bool> probe_destroyed{false};
    std::atomic<bool> too_early{false};
    std::atomic<bool> over{false};

    std::uint64_t depth() {
        called.count_down();
        go_on.wait();
        too_early = probe_destroyed.load();
        over = true;
        return 7;
    }
};

} // namespace

TEST_CASE("vitals tell each queue with its name and its depth now") {
    const OwnAgent own;
    std::atomic<std::uint64_t> depth{3};
    const Probe payments{"payments queue", {&depth}};
    CHECK(payments.registered());
    CHECK(ask(own).queues == Queues{{"payments queue", 3}});
    depth = 12'345'678'901;
    {
        const Probe mail{"mail queue", {&depth}};
        CHECK(ask(own).queues == Queues{{"payments queue", depth}, {"mail queue", depth}});
    }
    CHECK(ask(own).queues == Queues{{"payments queue", depth}});
    CHECK(ask(own).left_out == 0);
}

TEST_CASE("a probe made before the agent starts is asked, and none after it stopped") {
    std::atomic<std::uint64_t> asked{0};
    const QueueProbe probe{"early", [&asked] { return ++asked; }};
    CHECK(probe.registered());
    {
        const OwnAgent own;
        CHECK(ask(own).queues == Queues{{"early", 1}});
    }
    CHECK(asked == 1);
    const OwnAgent again;
    CHECK(ask(again).queues == Queues{{"early", 2}});
}

TEST_CASE("probes that found no room are counted while they live") {
    const OwnAgent own;
    const std::atomic<std::uint64_t> depth{1};
    std::deque<Probe> probes;
    for (std::size_t i = 0; i < protocol::max_queues + 3; ++i)
        probes.emplace_back("queue", DepthOf{&depth});
    CHECK(probes[protocol::max_queues - 1].registered());
    CHECK_FALSE(probes[protocol::max_queues].registered());
    Seen seen = ask(own);
    CHECK(seen.queues.size() == protocol::max_queues);
    CHECK(seen.left_out == 3);
    probes.pop_back();
    probes.pop_front();
    seen = ask(own);
    CHECK(seen.queues.size() == protocol::max_queues - 1);
    CHECK(seen.left_out == 2);
    const Probe last{"last", {&depth}};
    CHECK(last.registered());
    CHECK(ask(own).left_out == 2);
}

TEST_CASE("of a queue's name 128 bytes are told, and none of a null one") {
    const OwnAgent own;
    const std::string name(1000, 'q');
    const QueueProbe long_name{name.c_str(), [] { return 1; }};
    const QueueProbe no_name{nullptr, [] { return 2; }};
    CHECK(ask(own).queues == Queues{{std::string(128, 'q'), 1}, {"", 2}});
}

TEST_CASE("a probe's destructor waits for the call that is under way") {
    const OwnAgent own;
    Slow slow;
    const auto depth = [&slow] { return slow.depth(); };
    std::optional<QueueProbe<decltype(depth)>> probe;
    probe.emplace("slow", depth);
    TestClient client{own.directory().only(protocol::socket_suffix)};
    REQUIRE(client.greet());
    REQUIRE(client.send(protocol::VitalsRequest{}));
    slow.called.wait();
    std::atomic<bool> begun{false};
    std::thread destroyer{[&] {
        begun = true;
        probe.reset();
        slow.probe_destroyed = true;
    }};
    const bool began = eventually([&] { return begun.load(); });
    slow.go_on.count_down();
    destroyer.join();
    CHECK(began);
    CHECK(slow.over);
    CHECK_FALSE(slow.too_early);
    const auto frame = client.receive();
    REQUIRE(frame);
    CHECK(protocol::read<protocol::VitalsAnswer>(frame->payload)->queue_count == 1);
    CHECK(ask(client).queues.empty());
}

TEST_CASE("probes come and go while vitals are asked: none is called after its end") {
    const OwnAgent own;
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back([&stop] {
            while (!stop) {
                std::atomic<bool> alive{true};
                {
                    const QueueProbe probe{"short", [&alive] { return alive ? 1u : 1000u; }};
                }
                alive = false;
            }
        });
    TestClient client{own.directory().only(protocol::socket_suffix)};
    REQUIRE(client.greet());
    for (int i = 0; i < 100; ++i)
        for (const auto& [name, depth] : ask(client).queues) {
            CHECK(name == "short");
            CHECK(depth == 1);
        }
    stop = true;
    for (std::thread& each : threads)
        each.join();
}

#ifndef __SANITIZE_THREAD__ // which knows no threads in a child of a process with threads
TEST_CASE("a forked child has no probes, may make its own, and ends those of its parent without harm") {
    const std::atomic<std::uint64_t> depth{5};
    auto inherited = std::make_unique<Probe>("inherited", DepthOf{&depth});
    const int status = in_child([&] {
        const OwnAgent own;
        if (!ask(own).queues.empty())
            return 1;
        const Probe probe{"own", {&depth}};
        inherited.reset();
        return ask(own).queues == Queues{{"own", 5}} ? 0 : 2;
    });
    CHECK(status == 0);
    const OwnAgent own;
    CHECK(ask(own).queues == Queues{{"inherited", 5}});
}
#endif
