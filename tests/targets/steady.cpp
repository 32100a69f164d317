// steady THREADS: a host with an agent, with THREADS blocked threads that carry jobs, and one that works as fast as it
// can. Prints "ready PID", then for each line of standard input one of "KEY VALUE" pairs: pieces of work done so far,
// the CPU time that they took, and what the process has: RSS, fds, threads. Ends with its input.
#include <dirent.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "settle.hpp"

namespace {

std::atomic<std::uint64_t> pieces{0};
std::atomic<std::uint64_t> work_cpu_us{0};

std::uint64_t cpu_us() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000u + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

void work() {
    for (std::uint64_t number = 1;; ++number) {
        const tasks::Job job{"piece of work"};
        std::uint64_t mixed = number;
        for (int at = 0; at < 2000; ++at) {
            mixed = (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u;
            asm volatile("" : "+r"(mixed));
        }
        pieces.store(number);
        work_cpu_us.store(cpu_us());
    }
}

struct Blocked {
    std::mutex mutex;
    std::condition_variable never;
    std::vector<int> tids;
};

void block(Blocked& blocked) {
    const tasks::Job job{"serve"};
    std::unique_lock lock(blocked.mutex);
    blocked.tids.push_back(targets::thread_id());
    const tasks::Wait wait{tasks::wait_reason::cond, &blocked.never, "requests"};
    for (;;)
        blocked.never.wait(lock);
}

/// Names in a directory of this process, without those of `own` looks at it.
long count_names(const char* path, long own) {
    DIR* directory = ::opendir(path);
    if (directory == nullptr)
        return -1;
    long names = -own;
    while (const dirent* entry = ::readdir(directory))
        names += entry->d_name[0] != '.' ? 1 : 0;
    ::closedir(directory);
    return names;
}

long rss_kib() {
    long kib = -1;
    if (std::FILE* status = std::fopen("/proc/self/status", "re")) {
        for (char line[256]; std::fgets(line, sizeof line, status) != nullptr;)
            if (std::strncmp(line, "VmRSS:", 6) == 0)
                kib = std::strtol(line + 6, nullptr, 10);
        std::fclose(status);
    }
    return kib;
}

void tell() {
    const long fds = count_names("/proc/self/fd", 1);
    const long threads = count_names("/proc/self/task", 0);
    std::printf("pieces %llu cpu_us %llu rss_kib %ld fds %ld threads %ld\n",
                static_cast<unsigned long long>(pieces.load()), static_cast<unsigned long long>(work_cpu_us.load()),
                rss_kib(), fds, threads);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const tasks::Agent agent{{.name = "steady"}};
    if (argc != 2 || !agent.error().empty()) {
        std::fprintf(stderr, "steady THREADS %s\n", agent.error().data());
        return 2;
    }
    Blocked blocked;
    const std::size_t wanted = std::strtoul(argv[1], nullptr, 10);
    for (std::size_t at = 0; at < wanted; ++at)
        std::thread(block, std::ref(blocked)).detach();
    for (std::size_t there = 0; there < wanted; ::usleep(1000)) {
        const std::lock_guard lock(blocked.mutex);
        there = blocked.tids.size();
    }
    targets::wait_until_blocked(blocked.tids);
    std::thread(work).detach();
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    for (int byte = std::getchar(); byte != EOF; byte = std::getchar())
        if (byte == '\n')
            tell();
    std::fflush(stdout);
    ::_exit(0);
}
