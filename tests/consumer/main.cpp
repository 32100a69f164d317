// A program that uses the installed agent: C++17 or later, exceptions and RTTI or not. Says "ready PID" on standard
// output, and stays in a job that waits until standard input ends.
#include <cstdio>

#include <unistd.h>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/wait.hpp>

int main() {
    tasks::AgentOptions options;
    options.name = "consumer";
    tasks::Agent agent{options};
    if (!agent.error().empty()) {
        std::fprintf(stderr, "%s\n", agent.error().data());
        return 1;
    }

    const tasks::Job job{"consume"};
    const tasks::JobHandle queued{"queued"};
    if (tasks::count() != 2) {
        std::fprintf(stderr, "%zu tasks\n", tasks::count());
        return 1;
    }

    const tasks::Wait wait{tasks::wait_reason::io_read, &options, "standard input"};
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return 0;
}
