// profiled [THREADS [JOBS]]: a program that leaks, and writes profiles of itself: THREADS times three threads (8) that
// stand in a tasks::Wait inside a job, read from a pipe, or sleep inside a job; JOBS (50) queued jobs.
// Prints "ready PID"; then, for each line "DETAIL PATH" on stdin (groups, tasks or stacks), writes that profile and
// prints "wrote ERRNO". A PATH of digits alone is a descriptor. Ends at the end of stdin.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/profile.hpp>
#include <tasks/wait.hpp>

#include "settle.hpp"

namespace {

struct Channel {
    std::mutex mutex;
    std::condition_variable condition;

    __attribute__((noinline)) void send() {
        const tasks::Wait wait{tasks::wait_reason::chan_send, this, "results"};
        std::unique_lock lock{mutex};
        condition.wait(lock, [] { return false; });
    }
};

Channel results;
std::array<int, 2> silent_pipe{-1, -1};

__attribute__((noinline)) void charge_card() {
    const tasks::Job job{"charge card"};
    results.send();
}

__attribute__((noinline)) void read_answer() {
    char byte = 0;
    [[maybe_unused]] const ssize_t got = ::read(silent_pipe[0], &byte, 1);
}

__attribute__((noinline)) void wait_a_day() {
    const tasks::Job outer{"settle"};
    const tasks::Job inner{"wait a day"};
    const timespec day{.tv_sec = 86400, .tv_nsec = 0};
    ::nanosleep(&day, nullptr);
}

constexpr std::array bodies{charge_card, read_answer, wait_a_day};

std::vector<tasks::JobHandle> queue_jobs(std::size_t count) {
    std::vector<tasks::JobHandle> jobs;
    for (std::size_t at = 0; at < count; ++at) {
        jobs.emplace_back("send receipt");
        if (at % 2 == 0)
            jobs.back().waits(tasks::wait_reason::job_queue, &jobs, "outbox");
    }
    return jobs;
}

int write_to(const std::string& path, tasks::ProfileDetail detail) {
    if (path.find_first_not_of("0123456789") == std::string::npos)
        return tasks::write_profile(std::atoi(path.c_str()), detail);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    const int error = tasks::write_profile(fd, detail);
    ::close(fd);
    return error;
}

void obey() {
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words{line};
        std::string detail;
        std::string path;
        words >> detail >> path;
        const int error = write_to(path, detail == "groups"  ? tasks::ProfileDetail::groups
                                         : detail == "tasks" ? tasks::ProfileDetail::tasks
                                                             : tasks::ProfileDetail::stacks);
        std::cout << "wrote " << error << std::endl;
    }
}

} // namespace

int main(int argc, char** argv) {
    const std::size_t threads = bodies.size() * (argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 8);
    const std::size_t job_count = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 50;
    const tasks::Agent agent{{.name = "profiled",
                              .table_cap_bytes = std::size_t{256} << 20,
                              .table_initial_bytes = (std::size_t{512} << 10) + 160 * job_count}};
    if (!agent.error().empty())
        std::cerr << agent.error() << "\n";
    if (::pipe2(silent_pipe.data(), O_CLOEXEC) != 0)
        return 1;
    const auto jobs = queue_jobs(job_count);
    static std::vector<int> tids(threads);
    static std::atomic<std::size_t> started{0};
    for (std::size_t at = 0; at < threads; ++at)
        std::thread([at] {
            tids[at] = targets::thread_id();
            started.fetch_add(1);
            bodies[at % bodies.size()]();
        }).detach();
    while (started.load() != threads)
        std::this_thread::yield();
    targets::wait_until_blocked(tids);
    std::cout << "ready " << ::getpid() << std::endl;
    obey();
    ::_exit(0);
}
