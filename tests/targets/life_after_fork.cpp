// life_after_fork HOW: a host whose agent starts again in children (AgentOptions::start_after_fork): deep (three
// generations), users (several Agent objects), storm N (so many children of four threads), fails (it cannot start
// there); and daemons: daemon_with (it moves along), daemon_after (started in the daemon), daemon_before (it has none).
#include <sys/stat.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <tasks/job.hpp>

#include "life_host.hpp"

namespace {

using AgentOwner = std::unique_ptr<tasks::Agent>;

AgentOwner start(bool after_fork = true) {
    char name[] = "moves along"; // the options are copied
    const tasks::AgentOptions options{.name = name, .start_after_fork = after_fork};
    auto agent = std::make_unique<tasks::Agent>(options);
    std::memset(name, 'x', sizeof name - 1);
    return agent;
}

void generation(int left, AgentOwner& agent) {
    const pid_t child = ::fork();
    if (child != 0)
        return life::reap(child, "child");
    {
        const tasks::Job job{"of a child"};
        life::pause("child");
        if (left > 1)
            generation(left - 1, agent);
    }
    agent.reset();
    life::report("child");
    std::exit(10 + left);
}

void deep() {
    AgentOwner agent = start();
    const tasks::Job job{"of the parent"};
    generation(3, agent);
    life::pause("parent");
}

void users() {
    AgentOwner first = start();
    AgentOwner second = start();
    const pid_t child = ::fork();
    if (child == 0) {
        first.reset();
        life::pause("one");
        second.reset();
        life::report("none");
        const tasks::Agent own;
        life::pause("own");
        std::exit(0); // an Agent that nobody stops
    }
    life::reap(child, "child");
    life::pause("both");
    second.reset();
    life::pause("one");
}

int child_is_wrong() {
    const tasks::Job job{"of a child"};
    const tasks::JobHandle queued{"of a child"};
    const tasks::Agent again; // joins what runs, or tells why nothing does
    return (again.error().empty() && tasks::count() == 2) || std::getenv("TASKS_AGENT") != nullptr ? 0 : 1;
}

void storm(long forks) {
    AgentOwner agent = start();
    std::atomic<long> wrong{0};
    {
        std::vector<std::jthread> threads;
        for (int lane = 0; lane < 4; ++lane)
            threads.emplace_back([&] {
                for (long at = 0; at < forks / 4; ++at) {
                    const tasks::Agent joined;
                    const tasks::Job job{"of the parent"};
                    const pid_t child = ::fork();
                    if (child == 0)
                        std::exit(child_is_wrong());
                    int status = -1;
                    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
                    }
                    wrong += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
                }
            });
    }
    life::wait_for_threads(agent->error().empty() ? 2 : 1);
    life::say("%ld children were wrong\n", wrong.load());
    life::pause("over");
}

void fails() {
    AgentOwner agent = start();
    const char* directory = std::getenv("TASKS_DIR");
    if (directory == nullptr || ::chmod(directory, 0777) != 0)
        life::say("cannot open %s to all\n", directory);
    const pid_t child = ::fork();
    if (child == 0) {
        life::report("child");
        life::say("at first: %s\n", agent->error().data());
        const tasks::Agent again;
        life::say("at last: %s\n", again.error().data());
        ::_exit(0);
    }
    life::reap(child, "child");
    ::chmod(directory, 0700);
    life::pause("parent");
}

/// Forks twice, leaves its session, and closes all but the two descriptors for the script.
void become_daemon() {
    life::out = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 900);
    life::in = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 901);
    if (::fork() != 0)
        ::_exit(0);
    ::setsid();
    if (::fork() != 0)
        ::_exit(0);
    for (const int fd : {0, 1, 2})
        ::close(fd);
    for (int at = 0; at < 3; ++at)
        life::say("opens %d\n", ::open("/dev/null", O_RDWR | O_CLOEXEC));
}

void daemon_with(bool after_fork) {
    AgentOwner agent = start(after_fork);
    become_daemon();
    {
        const tasks::Job job{"of the daemon"};
        life::pause(after_fork ? "daemon" : "without");
    }
    agent.reset();
    life::report("daemon");
}

void daemon_after() {
    become_daemon();
    AgentOwner agent = start(false);
    const tasks::Job job{"of the daemon"};
    life::pause("daemon");
    agent.reset();
    life::report("daemon");
}

} // namespace

int main(int count, char** words) {
    const life::Words how{count, words};
    if (how.is(0, "deep"))
        deep();
    else if (how.is(0, "users"))
        users();
    else if (how.is(0, "storm"))
        storm(std::strtol(how[1], nullptr, 10));
    else if (how.is(0, "fails"))
        fails();
    else if (how.is(0, "daemon_with") || how.is(0, "daemon_before"))
        daemon_with(how.is(0, "daemon_with"));
    else if (how.is(0, "daemon_after"))
        daemon_after();
    else
        return 2;
    life::report("end");
    return 0;
}
