// An agent that is stopped and started again and again, while threads use it and somebody asks.
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "agent_fixture.hpp"
#include "test_client.hpp"

using namespace tasks;

namespace {

/// TASKS_TEST_RESTARTS in the environment; each takes about a millisecond on an idle machine.
int wanted_restarts() {
    const char* given = std::getenv("TASKS_TEST_RESTARTS");
    return given != nullptr ? std::max(10, std::atoi(given)) : 30;
}

/// The number after `key` in /proc/self/status, in KiB.
long status_kib(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.rfind(key + ":", 0) == 0)
            return std::stol(line.substr(key.size() + 1));
    return 0;
}

struct Memory {
    long addresses = status_kib("VmSize");
    long rss = status_kib("VmRSS");
    long page_tables = status_kib("VmPTE");
};

/// Threads that begin and end jobs of all kinds until they are told to end.
class BusyThreads {
public:
    explicit BusyThreads(int count) {
        for (int at = 0; at < count; ++at)
            threads_.emplace_back([this] { work(); });
    }
    ~BusyThreads() {
        stop_ = true;
        for (std::thread& thread : threads_)
            thread.join();
    }
    BusyThreads(const BusyThreads&) = delete;
    BusyThreads& operator=(const BusyThreads&) = delete;

    std::uint64_t rounds() const { return rounds_; }

private:
    void work() {
        JobHandle kept{"kept over restarts"};
        while (!stop_) {
            const Job job{"round"};
            const Wait wait{wait_reason::mutex, this, "gate"};
            const JobHandle queued{"queued"};
            kept.waits(wait_reason::timer, this);
            if (++rounds_ % 64 == 0)
                kept = JobHandle{"kept over restarts"};
        }
    }

    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> rounds_{0};
    std::vector<std::thread> threads_;
};

/// Asks whoever listens in the directory, again and again; counts the answers.
class Asking {
public:
    explicit Asking(const test::OwnDirectory& directory)
        : directory_(directory), thread_([this] {
              while (!stop_)
                  ask();
          }) {}
    ~Asking() {
        stop_ = true;
        thread_.join();
    }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;

    std::uint64_t answers() const { return answers_; }

private:
    void ask() {
        const std::string socket = directory_.only(protocol::socket_suffix);
        test::TestClient client{socket};
        if (!socket.empty() && client.connected() && client.greet() && client.send(protocol::StacksRequest{}) &&
            !client.receive_answer().empty())
            ++answers_;
    }

    const test::OwnDirectory& directory_;
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> answers_{0};
    std::thread thread_;
};

/// Starts and stops an agent; between the two somebody gets an answer.
void restart(const test::OwnDirectory& directory, const Asking& asking) {
    const auto before = asking.answers();
    const Agent agent{{.name = "restarted", .directory = directory.path()}};
    INFO(agent.error());
    REQUIRE(agent.error().empty());
    REQUIRE(test::eventually([&] { return asking.answers() > before; }));
}

} // namespace

TEST_CASE("an agent that is stopped and started again and again leaves little memory behind") {
    const int restarts = wanted_restarts();
    const test::OwnDirectory directory;
    const std::size_t fds = test::open_fds();
    {
        const BusyThreads busy{2};
        const Asking asking{directory};
        for (int warm = 0; warm < 3; ++warm)
            restart(directory, asking);
        const Memory before;
        for (int count = 0; count < restarts; ++count)
            restart(directory, asking);
        const Memory after;
        CHECK(busy.rounds() > 0);
        CHECK(asking.answers() >= static_cast<std::uint64_t>(restarts));
        CHECK(after.page_tables - before.page_tables < restarts * 64L);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // which keep what was freed
        CHECK(after.rss - before.rss < 1024 + restarts * 32L);
        CHECK(after.addresses - before.addresses < 64 * 1024 + restarts * 2048L);
#endif
    }
    CHECK(directory.files().empty());
    CHECK(test::eventually([&] { return test::open_fds() == fds; }));
}

TEST_CASE("after a restart the tasks are those of the new agent alone") {
    const test::OwnDirectory directory;
    std::optional<Agent> first{std::in_place, AgentOptions{.directory = directory.path()}};
    JobHandle old{"old"};
    std::optional<Job> scope{std::in_place, "old scope"};
    first.reset();
    const Agent second{{.directory = directory.path()}};
    const JobHandle fresh{"fresh"};
    old.waits(wait_reason::mutex);
    scope.reset();
    old = JobHandle{};
    const auto table = test::read_table(directory.only(protocol::table_suffix));
    REQUIRE(table.tasks.size() == 1);
    CHECK(table.tasks[0].names == std::vector<std::string>{"fresh"});
    CHECK(table.tasks[0].task.wait_reason == protocol::WaitReason::none);
    CHECK(table.totals.jobs_ended == 0);
}
