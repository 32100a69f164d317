// What a host may do to itself with an agent in it: it stays as well as it would be without one.
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <fstream>
#include <set>

#include <tasks/job.hpp>

#include "agent_fixture.hpp"
#include "test_client.hpp"

using namespace tasks;
using namespace tasks::test;

namespace {

std::set<int> fds() {
    std::set<int> found;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        found.insert(std::stoi(entry.path().filename()));
    return found;
}

std::uint64_t ran_ns(std::uint32_t tid) {
    std::uint64_t ran = 0;
    std::ifstream("/proc/self/task/" + std::to_string(tid) + "/schedstat") >> ran;
    return ran;
}

} // namespace

#ifndef __SANITIZE_THREAD__ // which handles cancellation itself
namespace {

/// What a thread that was cancelled before it came to `work` comes to.
void* end_of_cancelled(void (*work)()) {
    pthread_t thread{};
    REQUIRE(::pthread_create(
                &thread, nullptr,
                [](void* argument) -> void* {
                    ::pthread_cancel(::pthread_self()); // takes effect at the first cancellation point
                    reinterpret_cast<void (*)()>(argument)();
                    ::pthread_testcancel();
                    return nullptr;
                },
                reinterpret_cast<void*>(work)) == 0);
    void* end = nullptr;
    REQUIRE(::pthread_join(thread, &end) == 0);
    return end;
}

} // namespace

TEST_CASE("A cancelled thread ends when it would have, and not within a job") {
    const OwnAgent agent;
    for (int at = 0; at < 20; ++at) {
        CHECK(end_of_cancelled([] {
                  const Job job{"cancelled"};
                  const JobHandle handle{"queued"};
                  count();
              }) == PTHREAD_CANCELED);
        std::this_thread::sleep_for(std::chrono::milliseconds(1)); // it sleeps again, so that the next one calls it
    }
}

TEST_CASE("An agent that a cancelled thread starts and stops does so wholly") {
    static const OwnDirectory directory;
    CHECK(end_of_cancelled([] {
              const Agent agent{{.directory = directory.path()}};
              const Job job{"cancelled"};
          }) == PTHREAD_CANCELED);
    CHECK(directory.files().empty());
    const Agent agent{{.directory = directory.path()}};
    CHECK(agent.error().empty());
    CHECK(directory.files().size() == 2);
}
#endif

TEST_CASE("An agent that lost any one of its descriptors does not spin") {
    for (std::size_t lost = 0;; ++lost) {
        std::set<int> own = fds();
        OwnAgent agent;
        REQUIRE(agent.agent().error().empty());
        std::set<int> with = fds();
        for (const int fd : own)
            with.erase(fd);
        std::erase_if(with, [](int fd) { return ::fcntl(fd, F_GETFD) < 0; });
        const std::uint32_t tid = agent.table().facts.agent_tid;
        if (lost >= with.size()) {
            CHECK(lost >= 6);
            return;
        }
        const int fd = *std::next(with.begin(), static_cast<std::ptrdiff_t>(lost));
        REQUIRE(::close(fd) == 0);
        {
            const Job job{"wakes it"};
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        const std::uint64_t before = ran_ns(tid);
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        INFO("descriptor " << fd << ", the " << lost << "th");
        CHECK(ran_ns(tid) - before < 20'000'000);
    }
}

TEST_CASE("A limit of few descriptors leaves the agent able to answer") {
    CHECK(in_child([] {
              const rlimit few{.rlim_cur = 24, .rlim_max = 24}; // fewer than the clients it has room for
              if (::setrlimit(RLIMIT_NOFILE, &few) != 0)
                  return 1;
              OwnAgent agent;
              if (!agent.agent().error().empty())
                  return 2;
              TestClient client{agent.directory().only(protocol::socket_suffix)};
              if (!client.send(protocol::Hello{.major = protocol::protocol_major, .client = "test"}))
                  return 3;
              const auto frames = client.receive_answer();
              return frames.size() == 1 && protocol::read<protocol::Welcome>(frames[0].payload) ? 0 : 4;
          }) == 0);
}

TEST_CASE("Queued jobs that a thread without room ends are ended, and their records used again") {
    const std::size_t base = threads_at_rest();
    const OwnAgent own{{.table_cap_bytes = 64 * 1024, .table_initial_bytes = 64 * 1024}};
    std::vector<JobHandle> queue;
    const auto fill = [&queue] {
        for (int at = 0; at < 1000; ++at)
            queue.emplace_back("queued");
    };
    fill();
    const std::uint64_t dropped = own.table().facts.dropped_jobs;
    REQUIRE(dropped > 0);
    const std::size_t queued = count() - base;
    REQUIRE(queued > 100);
    std::thread{[&queue] { queue.clear(); }}.join();
    CHECK(eventually([&] { return count() == base; }));
    fill();
    CHECK(count() - base == queued);
}
