// life_storm FORKS: a host with five jobs, of which four threads fork so many children in all, as fast as it goes. A
// child uses jobs and counts its tasks, then ends, or becomes another program.
#include <sys/syscall.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

#include <tasks/job.hpp>
#include <tasks/wait.hpp>

#include "life_host.hpp"

namespace {

constexpr long lanes = 4;

[[noreturn]] void child(long number, tasks::JobHandle& handle) {
    const tasks::Job job{"of a child"};
    tasks::JobHandle own{"of a child too"};
    const tasks::Wait wait{tasks::wait_reason::sleep};
    handle.waits(tasks::wait_reason::timer);
    handle = std::move(own);
    const bool right = tasks::count() == 1;
    if (number % 4 == 0)
        ::execl("/bin/true", "true", static_cast<char*>(nullptr));
    ::_exit(right ? 0 : 1);
}

pid_t fork_somehow(long number) {
    return number % 4 == 1 ? static_cast<pid_t>(::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr))
                           : ::fork();
}

/// How many children were not right.
void fork_them(long forks, tasks::JobHandle& handle, std::atomic<long>& wrong) {
    for (long at = 0; at < forks; ++at) {
        const pid_t pid = fork_somehow(at);
        if (pid == 0)
            child(at, handle);
        int status = -1;
        while (pid > 0 && ::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        wrong += pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0 ? 1 : 0;
    }
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    const long forks = std::strtol(how[0], nullptr, 10);
    {
        const tasks::Agent agent;
        tasks::JobHandle handle{"of the parent too"};
        std::atomic<long> wrong{0};
        std::latch end{1};
        std::latch over{lanes};
        std::vector<std::jthread> threads;
        life::pause("before");
        for (long lane = 0; lane < lanes; ++lane)
            threads.emplace_back([&] {
                const tasks::Job job{"of the parent"};
                fork_them(forks / lanes, handle, wrong);
                over.count_down();
                end.wait();
            });
        over.wait();
        life::say("%ld children were wrong\n", wrong.load());
        life::pause("over");
        end.count_down();
    }
    life::report("after");
    return 0;
}
