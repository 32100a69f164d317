// A program that uses the installed agent: C++17 or later, exceptions and RTTI or not, each header of tasks/. Says
// "ready PID" on standard output, and stays in a job that waits until standard input ends.
#include <cstdint>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <tasks/agent.hpp>
#include <tasks/job.hpp>
#include <tasks/label.hpp>
#include <tasks/profile.hpp>
#include <tasks/queue_probe.hpp>
#include <tasks/wait.hpp>

namespace {

int complain(const char* what) {
    std::fprintf(stderr, "%s\n", what);
    return 1;
}

/// A job of the queue, moved and then carried by this thread for a moment.
void carry_a_job() {
    tasks::JobHandle handle{"carried"};
    handle.label("request", "17");
    handle.waits(tasks::wait_reason::job_queue, &handle, "outbox");
    tasks::JobHandle moved{std::move(handle)};
    const auto scope = moved.run();
    const tasks::Wait wait{moved, tasks::wait_reason::timer};
}

int write_a_profile() {
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const int error = tasks::write_profile(null, tasks::ProfileDetail::groups);
    ::close(null);
    return error;
}

void wait_for_the_end() {
    std::printf("ready %d\n", ::getpid());
    std::fflush(stdout);
    char byte = 0;
    while (::read(STDIN_FILENO, &byte, 1) > 0) {
    }
}

} // namespace

int main() {
    tasks::AgentOptions options;
    options.name = "consumer";
    const tasks::Agent agent{options};
    if (!agent.error().empty())
        return complain(agent.error().data());
    std::uint64_t depth = 3;
    const tasks::QueueProbe probe{"orders", [&depth] { return depth; }};
    if (!probe.registered())
        return complain("no room for a probe");
    carry_a_job();

    const tasks::Job job{"consume"};
    const tasks::Label label{"order", 4711};
    const tasks::JobHandle queued{"queued"};
    if (tasks::count() != 2)
        return complain("there are not two tasks");
    if (write_a_profile() != 0)
        return complain("no profile");

    const tasks::Wait wait{tasks::wait_reason::io_read, &options, "standard input"};
    wait_for_the_end();
    return 0;
}
